#!/usr/bin/env python3
"""Runs a command on a terminal of its own and prints all that it shows.

    on_terminal.py PROMPT INPUT... -- COMMAND...

Types each input when the prompt has come once more; ends with the command's
exit status, or with 1 where nothing comes for ten seconds.
"""
import os
import pty
import select
import sys


def main():
    split = sys.argv.index("--")
    prompt = sys.argv[1].encode()
    inputs = [text.encode() for text in sys.argv[2:split]]
    child, terminal = pty.fork()
    if child == 0:
        os.environ["TERM"] = "xterm"
        os.execvp(sys.argv[split + 1], sys.argv[split + 1:])
    unseen = b""
    while True:
        if not select.select([terminal], [], [], 10)[0]:
            print("\non_terminal: nothing came for ten seconds")
            return 1
        try:
            shown = os.read(terminal, 4096)
        except OSError:  # how Linux says that the other end is closed
            break
        if not shown:
            break
        sys.stdout.buffer.write(shown)
        unseen += shown
        if inputs and prompt in unseen:
            unseen = b""
            os.write(terminal, inputs.pop(0))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


sys.exit(main())
