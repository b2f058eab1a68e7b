#!/usr/bin/env python3
"""Writes tests/data/template/expected.json: what Python's jinja2, set up as
transformers does, makes of the templates, chats and snippets beside it.

Needs the Python packages of tests/interop/requirements.txt."""

import datetime
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).parent.parent
DATA = ROOT / "tests/data/template"
sys.path.insert(0, str(ROOT / "tests/interop"))

from template_lib import reference_chat, reference_render  # noqa: E402


def cases(chats):
    """(template, conversation, tools?, generation prompt?, extra variables)."""
    for path in sorted(DATA.glob("*.jinja")):
        for name in chats["conversations"]:
            for tools, prompt in ((False, False), (True, True)):
                yield path.stem, name, tools, prompt, {}
    for extra in (
        {"tools_in_user_message": False},
        {"builtin_tools": ["code_interpreter", "get_weather", "search"]},
        {"date_string": "1 Jan 2025"},
    ):
        yield "llama31", "tools", True, True, extra


def main():
    chats = json.loads((DATA / "chats.json").read_text())
    out = {"chats": [], "snippets": []}
    for template, name, tools, prompt, extra in cases(chats):
        case = {
            "template": template,
            "conversation": name,
            "tools": tools,
            "add_generation_prompt": prompt,
            "extra": extra,
        }
        case.update(
            reference_chat(
                (DATA / f"{template}.jinja").read_text(),
                chats["conversations"][name],
                chats["tools"] if tools else None,
                prompt,
                {
                    "bos_token": chats["bos_token"],
                    "eos_token": chats["eos_token"],
                    **extra,
                },
                datetime.datetime.fromisoformat(chats["now"]),
            )
        )
        out["chats"].append(case)
    snippets = json.loads((DATA / "snippets.json").read_text())
    now = datetime.datetime.fromisoformat(snippets["now"])
    for text in snippets["snippets"]:
        out["snippets"].append(reference_render(text, snippets["variables"], now))
    for text in snippets["errors"]:
        result = reference_render(text, snippets["variables"], now)
        if "error" not in result:
            raise SystemExit(f"{text!r} is no error: {result}")
    (DATA / "expected.json").write_text(json.dumps(out, indent=0) + "\n")
    print(f"{len(out['chats'])} chats, {len(out['snippets'])} snippets")
    for text, result in zip(snippets["snippets"], out["snippets"]):
        if "error" in result:
            print(f"  error expected of {text!r}: {result['error']}")


if __name__ == "__main__":
    main()
