#!/usr/bin/env python3
"""src/template against Python's jinja2: the same text, or an error from both.

The snippets and chats of tests/data/template, the templates of the models in
the shared material, and expressions put together at random from a seed."""

import argparse
import calendar
import datetime
import json
import pathlib
import random
import subprocess
import sys
import warnings

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT / "tests/data/template"
NOW = datetime.datetime(2026, 11, 5, 7, 8, 9)
TIMESTAMP = calendar.timegm(NOW.timetuple())

try:
    from template_lib import reference_chat, reference_render
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)


class Ours:
    """The driver program: one request, one answer a line."""

    def __init__(self, path):
        self.process = subprocess.Popen(
            [path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, request):
        line = json.dumps({**request, "now": TIMESTAMP})
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"template_tool died of {line}")
        return json.loads(answer)


class Comparison:
    def __init__(self, ours):
        self.ours = ours
        self.count = self.errors = self.failures = 0

    def check(self, what, expected, request):
        found = self.ours.ask(request)
        self.count += 1
        self.errors += "error" in expected
        same = (
            "error" in found
            if "error" in expected
            else found.get("output") == expected["output"]
        )
        if not same:
            self.failures += 1
            print(f"{what}\n  expected {expected}\n  found    {found}")

    def render(self, template, variables):
        self.check(
            template,
            reference_render(template, variables, NOW),
            {"template": template, "variables": variables},
        )

    def chat(self, name, template, messages, tools, prompt, extra):
        self.check(
            f"{name}: {messages}",
            reference_chat(template, messages, tools, prompt, extra, NOW),
            {
                "template": template,
                "messages": messages,
                "tools": tools,
                "add_generation_prompt": prompt,
                "extra": extra,
            },
        )


def model_templates(shared):
    """The templates of real models, where the shared material is present."""
    models = pathlib.Path(shared) / "material/models"
    for path in sorted(models.glob("*/tokenizer_config.json")):
        template = json.loads(path.read_text()).get("chat_template")
        if isinstance(template, str):
            yield path.parent.name, template
    for path in sorted(models.glob("*/*.gguf")):
        import gguf

        field = gguf.GGUFReader(path).fields.get("tokenizer.chat_template")
        if field is not None:
            yield path.name, field.contents()


# Not those whose generators raise only when they are consumed.
FILTERS = """abs capitalize count default dictsort first float int
join last length list lower max min reverse round sort string sum title tojson
trim upper wordcount""".split()
TESTS = """boolean defined even false float integer iterable lower mapping none
number odd sequence string true undefined upper""".split()
METHODS = """strip() upper() title() capitalize() split() split('a') lower()
splitlines() isdigit() items() get('a') keys() find('l') replace('l','L')
startswith('H') count('o') swapcase() rstrip('d') rsplit(None,1)""".split()
ATOMS = """n f s u empty none t xs names d people nested big lines missing 0 1 -1
2.5 'a' "x y" [] {} () [1,'a'] {'a':1} (1,) 1e3 true""".split()
BINARY = "+ - * / // % ~ == != < <= > >= in and or".split() + ["not in"]


def expression(rng, depth):
    if depth == 0:
        return rng.choice(ATOMS)
    inner = lambda: expression(rng, rng.randrange(depth))
    form = rng.randrange(11)
    if form <= 2:
        return f"({inner()} {rng.choice(BINARY)} {inner()})"
    if form <= 4:
        return f"({inner()}) | {rng.choice(FILTERS)}"
    if form == 5:
        return f"(({inner()}) is {rng.choice(['', 'not '])}{rng.choice(TESTS)})"
    if form == 6:
        return f"({inner()}).{rng.choice(METHODS)}"
    if form == 7:
        bound = lambda: rng.choice(["", "0", "1", "-1", "2", "-3"])
        # jinja2 folds constants, and then answers otherwise where it fails.
        name = rng.choice(["xs", "s", "u", "names", "lines", "n", "d"])
        return f"{name}[{bound()}:{bound()}:{rng.choice(['', '1', '-1', '2'])}]"
    if form == 8:
        return f"({inner()})[{inner()}]"
    if form == 9:
        return f"({inner()} if {inner()} else {inner()})"
    return f"[{inner()}, {inner()}]"


def statement(rng, depth):
    """A random piece of template, with white space of all kinds around it."""
    space = lambda: rng.choice(["", " ", "\n", "  \n  ", "\n\n", "x", " y\n"])
    sign = lambda: rng.choice(["", "", "", "-", "+"])
    tag = lambda body: f"{{%{sign()} {body} {sign()}%}}"
    if depth == 0:
        return space() + rng.choice(["{{ n }}", "{{- s }}", "{# c #}", "{{ q -}}", "z"]) + space()
    inner = lambda: space() + statement(rng, depth - 1) + space()
    form = rng.randrange(6)
    if form == 0:
        return tag("for q in xs") + inner() + tag("else") + inner() + tag("endfor")
    if form == 1:
        return tag("if t") + inner() + tag("endif")
    if form == 2:
        return tag("set q") + inner() + tag("endset") + "{{ q }}"
    if form == 3:
        return tag("macro m(q)") + inner() + tag("endmacro") + "{{ m(1) }}" + inner()
    if form == 4:
        return tag("raw").replace("+%}", "%}") + space() + "{{ x }}" + tag("endraw") + inner()
    return inner() + "{#" + sign() + " c " + sign() + "#}" + inner()


def deterministic(text):
    """False of objects that print their address."""
    return " at 0x" not in text.lower()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--llamba", required=True)
    parser.add_argument("--shared", required=True)
    parser.add_argument("--random", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    warnings.simplefilter("ignore", SyntaxWarning)
    tool = pathlib.Path(args.llamba).parent / "template_tool"
    if not tool.exists():
        print(f"skipped: needs {tool}")
        sys.exit(77)
    run = Comparison(Ours(tool))

    snippets = json.loads((DATA / "snippets.json").read_text())
    variables = snippets["variables"]
    for text in snippets["snippets"] + snippets["errors"]:
        run.render(text, variables)

    chats = json.loads((DATA / "chats.json").read_text())
    tokens = {key: chats[key] for key in ("bos_token", "eos_token")}
    templates = [(p.stem, p.read_text()) for p in sorted(DATA.glob("*.jinja"))]
    for name, template in templates + list(model_templates(args.shared)):
        for messages in chats["conversations"].values():
            for tools in (None, chats["tools"]):
                for prompt in (False, True):
                    run.chat(name, template, messages, tools, prompt, tokens)

    rng = random.Random(args.seed)
    for _ in range(args.random):
        text = "{{ " + expression(rng, 4) + " }}"
        expected = reference_render(text, variables, NOW)
        if deterministic(expected.get("output", "")):
            run.check(text, expected, {"template": text, "variables": variables})
    for _ in range(args.random // 3):
        run.render(statement(rng, 3), variables)

    print(f"{run.count} cases, {run.errors} of them errors, {run.failures} differ")
    sys.exit(1 if run.failures else 0)


if __name__ == "__main__":
    main()
