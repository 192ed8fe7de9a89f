"""spaCy: tiny trained pipelines, saved to folders and pickled."""

import pickle
from functools import partial
from pathlib import Path

import numpy as np
import spacy
from spacy.training import Example

REQUIRES = ["click<8.2", "setuptools<81"]
KINDS = {".folder": "spacy", ".pickle": "spacy.pickle"}
TOLERANCE = 1e-6

TEXTS = ["This is great, really!", "bad bad movie (2019).", "Apple hired Bob today"]


def trained(name, examples, label=None):
    spacy.util.fix_random_seed(0)
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe(name)
    for one in label or ():
        pipe.add_label(one)
    made = [Example.from_dict(nlp.make_doc(text), notes) for text, notes in examples]
    nlp.initialize(lambda: made)
    for _ in range(5):
        nlp.update(made, drop=0.0)
    return nlp


def ruler():
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "MOOD", "pattern": [{"LOWER": "great"}]}])
    return nlp


def vectors():
    nlp = spacy.blank("en")
    nlp.vocab.reset_vectors(width=4)
    for number, word in enumerate(["great", "bad"]):
        nlp.vocab.set_vector(word, np.arange(4, dtype="f4") + number)
    return nlp


CATEGORIES = [
    ("great great fun", {"cats": {"POS": 1.0, "NEG": 0.0}}),
    ("awful and bad", {"cats": {"POS": 0.0, "NEG": 1.0}}),
]
PIPELINES = {
    "blank": lambda: spacy.blank("en"),
    "ruler": ruler,
    "vectors": vectors,
    "textcat": lambda: trained("textcat", CATEGORIES, ("POS", "NEG")),
    "ner": lambda: trained("ner", [("Apple hired Bob today", {"entities": [(0, 5, "ORG")]})], ("ORG",)),
    "tagger": lambda: trained("tagger", [("Apple hired Bob", {"tags": ["N", "V", "N"]})]),
}


def write(make, path):
    if path.endswith(".folder"):
        make().to_disk(path)
        return
    with open(path, "wb") as file:
        pickle.dump(make(), file, 4)


def artifacts():
    for name, make in PIPELINES.items():
        for ending in KINDS:
            yield name + ending, partial(write, make)


def probe(path):
    if path.endswith(".folder"):
        nlp = spacy.load(path)
    else:
        with open(path, "rb") as file:
            nlp = pickle.load(file)
    docs = [nlp(text) for text in TEXTS]
    words = [[(word.text, word.tag_, word.ent_type_) for word in doc] for doc in docs]
    return [words, [sorted(doc.cats.items()) for doc in docs], docs[0].vector.tolist(), Path(path).suffix]
