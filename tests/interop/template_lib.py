"""Python's jinja2 as transformers sets it up: the reference for src/template."""

import datetime
import unittest.mock

from transformers.utils import chat_template_utils as utils


class _Clock(datetime.datetime):
    fixed = None

    @classmethod
    def now(cls, tz=None):
        return cls.fixed


def _guarded(render, now):
    """render() with a fixed clock: {"output": text} or {"error": message}."""
    _Clock.fixed = now
    try:
        with unittest.mock.patch.object(utils, "datetime", _Clock):
            return {"output": render()}
    except Exception as error:  # whatever a template does wrong
        return {"error": f"{type(error).__name__}: {error}"}


def reference_render(template, variables, now):
    return _guarded(
        lambda: utils._compile_jinja_template(template).render(**variables), now
    )


def reference_chat(template, messages, tools, add_generation_prompt, extra, now):
    def render():
        normalized = utils._normalize_chat_messages(messages)
        rendered, _ = utils.render_jinja_template(
            [normalized],
            tools=tools,
            chat_template=template,
            add_generation_prompt=add_generation_prompt,
            **extra,
        )
        return rendered[0]

    return _guarded(render, now)
