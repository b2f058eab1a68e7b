"""lm-evaluation-harness with local data and models that llama.cpp runs."""

import contextlib
import io
import json
import os
import pathlib
import tempfile

scratch = tempfile.TemporaryDirectory()
os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1",
                  HF_HOME=scratch.name)  # before the harness reads them

import lm_eval.tasks
import numpy as np
from gguf_lib import load_in_llama_cpp
from lm_eval import utils
from lm_eval.api.model import TemplateLM
from lm_eval.tasks._yaml_loader import load_yaml

TASK_FILES = pathlib.Path(lm_eval.tasks.__file__).parent
SUBJECTS = ("college_biology", "machine_learning", "public_relations", "sociology",
            "philosophy", "world_religions", "anatomy", "marketing")


class LlamaCpp(TemplateLM):
    """A model as the harness sees it; scores as its own HFLM makes them."""

    def __init__(self, path, max_length):
        super().__init__()
        self.max_length = max_length
        self.llama = load_in_llama_cpp(path, max_length, n_threads=1)

    @property
    def eot_token_id(self):
        return self.llama.token_eos()

    @property
    def prefix_token_id(self):
        bos = self.llama.token_bos()
        return bos if bos >= 0 else self.eot_token_id

    def tok_encode(self, string, add_special_tokens=None, **_):
        # llama.cpp puts a begin token where the model's keys ask for one.
        return self.llama.tokenize(string.encode(), add_special_tokens is not False, True)

    def log_probs(self, ids, rows):
        """Of the last `rows` positions; what the last call began with is kept."""
        old = self.llama.input_ids[: self.llama.n_tokens]
        n = min(len(old), len(ids))
        same = int(np.argmin(np.append(old[:n] == np.array(ids[:n]), False)))
        self.llama.n_tokens = same
        if same < len(ids):
            self.llama.eval(ids[same:])
        logits = self.llama.scores[len(ids) - rows : len(ids)].astype(np.float64)
        top = logits.max(axis=1, keepdims=True)
        return logits - top - np.log(np.exp(logits - top).sum(axis=1, keepdims=True))

    def _loglikelihood_tokens(self, requests, **_):
        order = sorted(range(len(requests)), key=lambda i: requests[i][1] + requests[i][2])
        results = [None] * len(requests)
        for i in order:
            _, context, continuation = requests[i]
            inputs = (context + continuation)[-(self.max_length + 1) :][:-1]
            rows = self.log_probs(inputs, len(continuation))
            total = rows[np.arange(len(continuation)), continuation].sum()
            greedy = (rows.argmax(axis=1) == continuation).all()
            results[i] = (float(total), bool(greedy))
        return results

    def loglikelihood_rolling(self, requests, disable_tqdm=False):
        totals = []
        for (text,) in (request.args for request in requests):
            windows = map(utils.make_disjoint_window, utils.get_rolling_token_windows(
                self.tok_encode(text), self.prefix_token_id, self.max_length, 1))
            scores = self._loglikelihood_tokens([(None, *window) for window in windows])
            totals.append(sum(total for total, _ in scores))
        return totals

    def generate_until(self, requests, disable_tqdm=False):
        raise NotImplementedError


def read_lines(path):
    with open(path) as file:
        return [json.loads(line) for line in file]


def write_lines(path, documents):
    path.write_text("".join(json.dumps(document) + "\n" for document in documents))


def as_arc(document):
    """Prepared items in the fields of the data set that the harness reads."""
    labels = list("ABCDE")[: len(document["choices"])]
    return {"question": document["query"].removeprefix("Question: "),
            "choices": {"text": document["choices"], "label": labels},
            "answerKey": labels[document["gold"]]}


def as_hellaswag(document):
    return {**document, "label": document["gold"]}


def as_lambada(document):
    return {"text": document["context"] + " " + document["continuation"]}


# name: the harness' file, and what makes its documents of ours.
TASKS = {
    "arc_easy": ("arc/arc_easy.yaml", as_arc),
    "arc_challenge": ("arc/arc_challenge.yaml", as_arc),
    "piqa": ("piqa/piqa.yaml", None),
    "winogrande": ("winogrande/default.yaml", None),
    "hellaswag": ("hellaswag/hellaswag.yaml", as_hellaswag),
    "openbookqa": ("openbookqa/openbookqa.yaml", None),
    "lambada_openai": ("lambada/lambada_openai.yaml", as_lambada),
    "rte": ("glue/rte/default.yaml", None),
    "sst2": ("glue/sst2/default.yaml", None),
    "mrpc": ("glue/mrpc/default.yaml", None),
    "cola": ("glue/cola/default.yaml", None),
    "boolq": ("super_glue/boolq/default.yaml", None),
    "copa": ("super_glue/copa/default.yaml", None),
}


def add_task(folder, name, source, splits, **overrides):
    """The harness' task file with local data: {split: documents}."""
    files = {}
    for split, documents in splits.items():
        files[split] = str(folder / f"{name}_{split}.jsonl")
        write_lines(pathlib.Path(files[split]), documents)
    original = load_yaml(TASK_FILES / source)
    task = {"include": str(TASK_FILES / source), "task": name,
            "tag": original.get("tag"), "dataset_path": "json", "dataset_name": None,
            "dataset_kwargs": {"data_files": files}, "training_split": None,
            "validation_split": None, "test_split": "test", **overrides}
    (folder / f"{name}.yaml").write_text(json.dumps(task))


def documents_of(bench, name, limit):
    documents = read_lines(bench / f"{name}.jsonl")[:limit]
    if name == "piqa":
        labels = (bench / "piqa-labels.lst").read_text().split()
        documents = [{**d, "label": int(l)} for d, l in zip(documents, labels)]
    convert = TASKS[name][1]
    return [convert(d) for d in documents] if convert else documents


def add_mmlu(folder, bench, data):
    """Five items of eight subjects, and the harness' groups over them."""
    for kind in ("mmlu", "mmlu_dev"):
        chosen = []
        for subject in SUBJECTS:
            all_of = read_lines(bench / f"{kind}.jsonl")
            chosen += [d for d in all_of if d["subject"] == subject][:5]
        write_lines(data / f"{kind}.jsonl", chosen)
    for subject in SUBJECTS:
        splits = {split: [d for d in read_lines(data / f"{kind}.jsonl")
                          if d["subject"] == subject]
                  for split, kind in (("test", "mmlu"), ("dev", "mmlu_dev"))}
        add_task(folder, f"mmlu_{subject}", f"mmlu/default/mmlu_{subject}.yaml", splits)
    for group in ("_mmlu", "_mmlu_stem", "_mmlu_other", "_mmlu_social_sciences",
                  "_mmlu_humanities"):
        path = TASK_FILES / f"mmlu/default/{group}.yaml"
        (folder / f"{group}.yaml").write_text(path.read_text())


def add_tasks(folder, bench, limit):
    """The first `limit` documents of every task but MMLU."""
    for name, (source, _) in TASKS.items():
        # Ours are cleaned already.
        prepared = {"process_docs": None} if name == "hellaswag" else {}
        documents = documents_of(bench, name, limit)
        add_task(folder, name, source, {"test": documents}, **prepared)


def evaluate(lm, folder, names, **options):
    """What the harness makes of the tasks added to `folder`."""
    manager = lm_eval.tasks.TaskManager(include_path=str(folder), include_defaults=False)
    chatter = io.StringIO()  # bars and notes
    with contextlib.redirect_stdout(chatter), contextlib.redirect_stderr(chatter):
        return lm_eval.simple_evaluate(
            lm, tasks=list(names), task_manager=manager, bootstrap_iters=300,
            log_samples=True, **options)
