"""sentence-transformers: a tiny random BERT with its pooling, saved as a folder."""

from functools import partial
from pathlib import Path

import torch
import transformers
from sentence_transformers import SentenceTransformer, models

REQUIRES = ["torch==2.13.0", "transformers==4.46.3", "huggingface-hub<0.26", "numpy<2"]
KINDS = {".model": "sentence-transformers"}
TOLERANCE = 1e-5

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "hello", "world", "a", "test", "##s"]
ASKED = ["hello world", "a test", "tests"]


def bert(path):
    folder = Path(path) / "written"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(WORDS), encoding="utf-8")
    transformers.BertTokenizerFast(vocab_file=str(folder / "vocab.txt")).save_pretrained(str(folder))
    settings = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    transformers.BertModel(transformers.BertConfig(vocab_size=len(WORDS), **settings)).save_pretrained(str(folder))
    return models.Transformer(str(folder), max_seq_length=16)


def modules(path, *names):
    word = bert(path)
    made = [word]
    for name in names:
        if name == "dense":
            made.append(models.Dense(16, 8))
        elif name == "normalize":
            made.append(models.Normalize())
        else:
            made.append(models.Pooling(16, pooling_mode=name))
    return SentenceTransformer(modules=made, device="cpu")


PIPELINES = {"mean": ("mean",), "cls": ("cls",), "normalized": ("mean", "normalize"), "dense": ("mean", "dense")}


def write(names, path):
    torch.manual_seed(0)
    modules(path + ".parts", *names).save(path)


def artifacts():
    for name, names in PIPELINES.items():
        yield name + ".model", partial(write, names)


def probe(path):
    return SentenceTransformer(path, device="cpu").encode(ASKED)
