"""tokenizers: a trained tokenizer of each model, as JSON and pickled."""

import pickle
from functools import partial
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

REQUIRES = []
KINDS = {".json": "tokenizers.json", ".pickle": "tokenizers.pickle"}

CORPUS = ["hello world this is a test", "the quick brown fox jumps", "tests testing tested", "Héllo naïve café"] * 10
ASKED = ["hello tested worlds", "naïve café Fox", "  two  spaces", "a<s>b"]


def bpe():
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=["<s>"], show_progress=False)
    made.train_from_iterator(CORPUS, trainer)
    return made


def bpe_split():
    made = bpe()
    split = pre_tokenizers.Split(" ", "isolated")
    made.pre_tokenizer = pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    return made


def bpe_template():
    made = bpe()
    made.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    made.add_tokens([AddedToken("<extra>", special=True, normalized=False)])
    return made


def wordpiece():
    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[UNK]", "[CLS]", "[SEP]"]
    made.train_from_iterator(
        CORPUS, trainers.WordPieceTrainer(vocab_size=100, special_tokens=special, show_progress=False)
    )
    return made


def unigram():
    made = Tokenizer(models.Unigram())
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=60, special_tokens=["<unk>"], unk_token="<unk>", show_progress=False)
    made.train_from_iterator(CORPUS, trainer)
    return made


def wordlevel():
    made = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.train_from_iterator(
        CORPUS, trainers.WordLevelTrainer(vocab_size=60, special_tokens=["[UNK]"], show_progress=False)
    )
    return made


MODELS = {
    "bpe": bpe,
    "bpe_split": bpe_split,
    "bpe_template": bpe_template,
    "wordpiece": wordpiece,
    "unigram_metaspace": unigram,
    "wordlevel": wordlevel,
}


def write(make, path):
    if path.endswith(".json"):
        make().save(path)
        return
    with open(path, "wb") as file:
        pickle.dump(make(), file, 4)


def artifacts():
    for name, make in MODELS.items():
        for ending in KINDS:
            yield name + ending, partial(write, make)


def probe(path):
    if path.endswith(".json"):
        model = Tokenizer.from_file(path)
    else:
        with open(path, "rb") as file:
            model = pickle.load(file)
    encoded = [model.encode(text) for text in ASKED]
    return [[one.ids, one.tokens, model.decode(one.ids), Path(path).name] for one in encoded]
