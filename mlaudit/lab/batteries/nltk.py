"""nltk: trained taggers, classifiers, language models and tokenizers, pickled; no corpus is needed."""

import pickle
from functools import partial
from pathlib import Path

import nltk
from nltk.classify import NaiveBayesClassifier
from nltk.lm import Laplace
from nltk.lm.preprocessing import padded_everygram_pipeline
from nltk.stem import PorterStemmer, SnowballStemmer
from nltk.tag import BigramTagger, DefaultTagger, PerceptronTagger, UnigramTagger
from nltk.tokenize import RegexpTokenizer, TreebankWordTokenizer
from nltk.tokenize.punkt import PunktSentenceTokenizer, PunktTrainer

REQUIRES = []
KINDS = {".pickle": "nltk.pickle"}

TAGGED = [[("the", "D"), ("dog", "N"), ("barks", "V")], [("a", "D"), ("cat", "N"), ("sleeps", "V")]] * 5
WORDS = ["the", "cat", "barks", "loudly"]
TEXT = "Dr. Smith went home. He slept, e.g. at noon. It's 5 p.m. now! Really? Yes."


def punkt():
    trainer = PunktTrainer()
    trainer.train(TEXT * 5, finalize=True)
    return PunktSentenceTokenizer(trainer.get_params())


def perceptron():
    tagger = PerceptronTagger(load=False)
    tagger.train(TAGGED, nr_iter=3)
    return tagger


def language_model():
    grams, vocabulary = padded_everygram_pipeline(2, [[word for word, _ in sentence] for sentence in TAGGED])
    made = Laplace(2)
    made.fit(grams, vocabulary)
    return made


MODELS = {
    "punkt": (punkt, lambda model: model.tokenize(TEXT)),
    "perceptron": (perceptron, lambda model: model.tag(WORDS)),
    "unigram_tagger": (lambda: UnigramTagger(TAGGED, backoff=DefaultTagger("X")), lambda model: model.tag(WORDS)),
    "bigram_tagger": (lambda: BigramTagger(TAGGED), lambda model: model.tag(WORDS)),
    "naive_bayes": (
        lambda: NaiveBayesClassifier.train([({"a": 1}, "x"), ({"a": 2}, "y")] * 3),
        lambda model: [model.classify({"a": 1}), model.prob_classify({"a": 2}).prob("y")],
    ),
    "language_model": (language_model, lambda model: [model.score("dog", ["the"]), model.perplexity([("the", "dog")])]),
    "porter_stemmer": (PorterStemmer, lambda model: [model.stem(word) for word in ("running", "flies", "happily")]),
    "snowball_stemmer": (
        lambda: SnowballStemmer("english"),
        lambda model: [model.stem("running"), model.stem("dying")],
    ),
    "treebank_tokenizer": (TreebankWordTokenizer, lambda model: model.tokenize(TEXT)),
    "regexp_tokenizer": (lambda: RegexpTokenizer(r"\w+"), lambda model: model.tokenize(TEXT)),
    "frequencies": (lambda: nltk.FreqDist("abracadabra"), lambda model: model.most_common(3)),
    "grammar": (
        lambda: nltk.CFG.fromstring("S -> N V\nN -> 'dogs'\nV -> 'bark'"),
        lambda model: [str(tree) for tree in nltk.ChartParser(model).parse(["dogs", "bark"])],
    ),
}


def write(make, path):
    with open(path, "wb") as file:
        pickle.dump(make(), file, 4)


def artifacts():
    for name, (make, _) in MODELS.items():
        yield name + ".pickle", partial(write, make)


def probe(path):
    with open(path, "rb") as file:
        model = pickle.load(file)
    return MODELS[Path(path).name.split(".")[0]][1](model)
