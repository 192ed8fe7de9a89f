"""gensim: models in gensim's own folders."""

from pathlib import Path

from gensim.corpora import Dictionary
from gensim.models import LdaModel, TfidfModel, Word2Vec

text = [["a", "b", "c"], ["b", "c", "d"]] * 5
words = Dictionary(text)
bags = [words.doc2bow(t) for t in text]

REQUIRES = ["numpy<2", "scipy<1.13"]
KINDS = {".model": "gensim"}

MODELS = {
    "Word2Vec.model": (lambda: Word2Vec(text, min_count=1, workers=1, seed=0), lambda model: model.wv["a"]),
    "LdaModel.model": (
        lambda: LdaModel(bags, num_topics=2, random_state=0, id2word=words),
        lambda model: [w for _, w in model.get_document_topics(bags[0])],
    ),
    "Dictionary.model": (lambda: words, lambda model: len(model)),
    "TfidfModel.model": (lambda: TfidfModel(bags), lambda model: model[bags[0]]),
}


def save(model, path):
    model.save(path)


def load(path):
    if Path(path).name == "Word2Vec.model":
        return Word2Vec.load(path)
    if Path(path).name == "LdaModel.model":
        return LdaModel.load(path)
    if Path(path).name == "Dictionary.model":
        return Dictionary.load(path)
    if Path(path).name == "TfidfModel.model":
        return TfidfModel.load(path)
    return None


def artifacts():
    for name, (make, _) in MODELS.items():
        yield name, lambda path, make=make: save(make(), path)


def probe(path):
    _, use = MODELS[Path(path).name]
    return use(load(path))
