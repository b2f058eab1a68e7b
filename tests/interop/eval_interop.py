#!/usr/bin/env python3
"""`llamba eval` against lm-evaluation-harness itself.

The harness' own task files and task code make the requests, its own code makes
the figures; the log-likelihoods come from llama-cpp-python with a float32 file
that `llamba convert` wrote. Every request, log-likelihood and figure of forty
items a task must be ours."""

import json
import logging
import math
import pathlib
import sys

from gguf_lib import check, exit_with_failures, open_material

try:
    import datasets
    from eval_lib import (TASKS, LlamaCpp, add_mmlu, add_task, add_tasks, evaluate,
                          read_lines, scratch)
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

LIMIT = 40
FIXTURES = pathlib.Path(__file__).parent.parent / "data/eval"


def evaluate_ours(llamba, model, folder, *arguments):
    samples, figures = folder / "samples.jsonl", folder / "figures.json"
    llamba.run("eval", model, "--dtype", "f32", "--samples", samples,
               "--json", figures, *arguments)
    by_task = {}
    for sample in read_lines(samples):
        by_task.setdefault(sample["task"], []).append(sample)
    return by_task, json.loads(figures.read_text())


def compare_samples(what, ours, theirs):
    """Requests string by string; the largest difference of log-likelihoods."""
    check(len(ours) == len(theirs), f"{what}: {len(ours)} items, not {len(theirs)}")
    largest = 0
    for our, their in zip(ours, sorted(theirs, key=lambda s: s["doc_id"])):
        where = f"{what}, item {our['doc_id']}"
        requests = [list(arguments) for arguments in their["arguments"]]
        check(our["arguments"] == requests, f"{where}: {our['arguments']} {requests}")
        for (a, greedy), (b, their_greedy) in zip(our["filtered_resps"],
                                                  their["filtered_resps"]):
            # Float32 matrices in float32 arithmetic on both sides, but llama.cpp
            # rounds the exponentials of its softmax and SiLU to 1e-6 or so:
            # logits of 20 move by 1e-4 at most, sums of a hundred of them by
            # sqrt(100) times that.
            check(abs(a - b) < 1e-3 + 1e-5 * abs(b), f"{where}: {a}, not {b}")
            check(greedy == their_greedy, f"{where}: greedy {greedy}")
            largest = max(largest, abs(a - b))
    return largest


def compare_figures(what, ours, theirs):
    for key, value in theirs.items():
        if not key.endswith(",none") or not isinstance(value, float):
            continue
        found = ours.get(key)
        if math.isnan(value):
            check(found == "N/A", f"{what}: {key} {found}, not {value}")
            continue
        # Of two bootstraps of 300 and 1,000 samples, 5 % apart as a rule
        # (sqrt(1 / 600 + 1 / 2000)).
        drawn = "stderr" in key and not key.startswith("acc")
        exact = key.startswith(("acc", "f1", "mcc"))
        room = 0.2 * value if drawn else 1e-9 if exact else 1e-4 * value
        check(isinstance(found, float) and abs(found - value) <= room,
              f"{what}: {key} {found}, not {value}")


def compare(what, llamba, model, lm, folder, data, names, shots=0):
    """The tasks `names` of the harness' files in `folder` and of ours in `data`."""
    theirs = evaluate(lm, folder, names, num_fewshot=shots, limit=LIMIT)
    samples, figures = evaluate_ours(
        llamba, model, folder, "--tasks", ",".join(names), "--data", data, "--limit",
        LIMIT, "--num-fewshot", shots, "--max-length", lm.max_length)
    check(set(samples) == set(theirs["samples"]), f"{what}: tasks {set(samples)}")
    largest = 0
    for name in sorted(samples):
        difference = compare_samples(f"{what}, {name}", samples[name],
                                     theirs["samples"][name])
        largest = max(largest, difference)
    for name, values in theirs["results"].items():
        compare_figures(f"{what}, {name}", figures["results"].get(name, {}), values)
    n = sum(map(len, samples.values()))
    print(f"{what}: {n} items of {len(samples)} tasks, {shots} shots: log-likelihoods "
          f"differ by {largest:.2g} at most")


def compare_text(llamba, model, lm, folder, text):
    """The harness' wikitext, its windows over a text of ours."""
    page = text.read_text()[:12000].replace("<|end_of_text|>", "\n\n")
    path = folder / "text.txt"
    path.write_text(page)
    add_task(folder, "text", "wikitext/wikitext.yaml", {"test": [{"page": page}]},
             doc_to_target="{{page}}")
    theirs = evaluate(lm, folder, ["text"])
    figures = folder / "text.json"
    llamba.run("eval", model, "--dtype", "f32", "--text", path, "--windows",
               "harness", "--max-length", lm.max_length, "--json", figures)
    ours = json.loads(figures.read_text())["results"]["text_harness_windows"]
    compare_figures("text", ours, theirs["results"]["text"])
    print(f"text: {ours['word_perplexity,none']:.3f} a word")


def main():
    llamba, material = open_material(__doc__)
    logging.disable(logging.WARNING)
    datasets.disable_progress_bars()
    bench, folder = material / "bench", pathlib.Path(scratch.name)
    add_tasks(folder, bench, LIMIT)
    data = folder / "data"
    data.mkdir()
    add_mmlu(folder, bench, data)

    mini = folder / "llama-mini.gguf"
    llamba.run("convert", material / "models/llama-mini", "-o", mini, "--dtype", "f32")
    lm = LlamaCpp(mini, 1024)
    compare("llama-mini", llamba, mini, lm, folder, bench, TASKS)
    for shots in (0, 5):
        compare("llama-mini", llamba, mini, lm, folder, data, ["mmlu"], shots=shots)
    compare_text(llamba, mini, lm, folder, material / "text/stories.txt")
    # What the authors published, cleaned by the harness.
    add_task(folder, "hellaswag", TASKS["hellaswag"][0],
             {"test": read_lines(FIXTURES / "hellaswag_val.jsonl")})
    compare("published form", llamba, mini, lm, folder, FIXTURES, ["hellaswag"])
    del lm

    smol = folder / "smollm2.gguf"
    source = material / "models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf"
    llamba.run("convert", source, "-o", smol, "--dtype", "f32")
    compare("SmolLM2", llamba, smol, LlamaCpp(smol, 1024), folder, bench,
            ["copa", "openbookqa"])
    exit_with_failures()


if __name__ == "__main__":
    main()
