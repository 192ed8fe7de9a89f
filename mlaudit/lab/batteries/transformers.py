"""transformers: tiny random models with their configuration and tokenizer, saved as folders."""

import os
from functools import partial
from pathlib import Path

import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers, processors

REQUIRES = ["torch==2.13.0"]
KINDS = {
    ".model": "transformers",
    ".tokenizer": "transformers",
    ".config": "transformers",
    ".generation": "transformers",
}
TOLERANCE = 1e-5

SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32, "vocab_size": 64}
ASKED = torch.tensor([[1, 5, 9, 12, 40, 3]])


def llama(**settings):
    return transformers.LlamaForCausalLM(
        transformers.LlamaConfig(num_key_value_heads=2, max_position_embeddings=64, **{**SMALL, **settings})
    )


def scaled():
    return llama(rope_theta=500000.0, rope_scaling={"rope_type": "linear", "type": "linear", "factor": 2.0})


def theta():
    made = transformers.LlamaConfig(num_key_value_heads=2, max_position_embeddings=64, **SMALL)
    if getattr(made, "rope_parameters", None) is not None:
        made.rope_parameters["rope_theta"] = 500000.0
    else:
        made.rope_theta = 500000.0
    return transformers.LlamaForCausalLM(made)


def halved():
    return llama().to(torch.bfloat16)


MODELS = {
    "llama": llama,
    "llama_rope_theta": theta,
    "llama_rope_scaling": scaled,
    "llama_bfloat16": halved,
    "bert": lambda: transformers.BertModel(transformers.BertConfig(**SMALL)),
    "bert_classifier": lambda: transformers.BertForSequenceClassification(
        transformers.BertConfig(num_labels=3, **SMALL)
    ),
    "distilbert": lambda: transformers.DistilBertModel(
        transformers.DistilBertConfig(vocab_size=64, dim=16, n_layers=2, n_heads=2, hidden_dim=32)
    ),
    "roberta": lambda: transformers.RobertaModel(transformers.RobertaConfig(**SMALL)),
    "gpt2": lambda: transformers.GPT2LMHeadModel(
        transformers.GPT2Config(vocab_size=64, n_embd=16, n_layer=2, n_head=2)
    ),
    "t5": lambda: transformers.T5EncoderModel(
        transformers.T5Config(vocab_size=64, d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2)
    ),
    "mistral": lambda: transformers.MistralForCausalLM(transformers.MistralConfig(num_key_value_heads=2, **SMALL)),
    "qwen2": lambda: transformers.Qwen2ForCausalLM(transformers.Qwen2Config(num_key_value_heads=2, **SMALL)),
}


def trained_tokenizer(beginning="<s>"):
    words = {word: number for number, word in enumerate(["<unk>", beginning, "</s>", "hello", "world", "a", "test"])}
    made = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing(single=beginning + " $A", special_tokens=[(beginning, 1)])
    return made


def fast():
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=trained_tokenizer(), unk_token="<unk>", bos_token="<s>", eos_token="</s>", pad_token="</s>"
    )


def fast_extra():
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=trained_tokenizer(), unk_token="<unk>", additional_special_tokens=["<a>", "<b>"]
    )


def fast_template():
    made = fast()
    made.chat_template = "{% for m in messages %}{{ m['content'] }}{% endfor %}"
    return made


def bert_tokenizer(path):
    vocabulary = Path(path) / "written"
    vocabulary.mkdir(parents=True, exist_ok=True)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "hello", "world", "a", "test", "##s"]
    (vocabulary / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    file = str(vocabulary / "vocab.txt")
    try:
        return transformers.BertTokenizerFast(vocab_file=file)
    except TypeError:
        return transformers.BertTokenizerFast(vocab={word: number for number, word in enumerate(words)})


TOKENIZERS = {"fast": fast, "fast_extra": fast_extra, "fast_template": fast_template}


def write_model(make, path):
    torch.manual_seed(0)
    make().eval().save_pretrained(path)


def write_tokenizer(make, path):
    (make() if make else bert_tokenizer(path)).save_pretrained(path)


def write_generation(path):
    transformers.GenerationConfig(max_new_tokens=7, temperature=0.5, do_sample=True, top_k=11).save_pretrained(path)


def artifacts():
    for name, make in MODELS.items():
        yield name + ".model", partial(write_model, make)
    for name, make in TOKENIZERS.items():
        yield name + ".tokenizer", partial(write_tokenizer, make)
    yield "bert.tokenizer", partial(write_tokenizer, None)
    yield "sampling.generation", write_generation


def loaded_model(path):
    name = Path(path).name.split(".")[0]
    if name.startswith(("llama", "gpt2", "mistral", "qwen2")):
        return transformers.AutoModelForCausalLM.from_pretrained(path)
    if name == "bert_classifier":
        return transformers.AutoModelForSequenceClassification.from_pretrained(path)
    return (
        transformers.T5EncoderModel.from_pretrained(path)
        if name == "t5"
        else transformers.AutoModel.from_pretrained(path)
    )


def probe(path):
    os.environ["TRANSFORMERS_VERBOSITY"] = "error"
    if path.endswith(".generation"):
        found = transformers.GenerationConfig.from_pretrained(path)
        return [found.max_new_tokens, found.temperature, found.do_sample, found.top_k]
    if path.endswith(".tokenizer"):
        tokenizer = transformers.AutoTokenizer.from_pretrained(path)
        asked = tokenizer(["hello a test", "worlds <a> tests"])
        extra = getattr(tokenizer, "additional_special_tokens", None) or getattr(tokenizer, "extra_special_tokens", [])
        return [
            asked["input_ids"],
            tokenizer.all_special_tokens,
            len(tokenizer),
            str(tokenizer.chat_template),
            len(extra),
        ]
    model = loaded_model(path).eval()
    with torch.no_grad():
        found = model(ASKED)
    answer = found.logits if hasattr(found, "logits") else found.last_hidden_state
    # What was written in half precision is compared as numbers, and its type as a word.
    return [str(answer.dtype), answer.float()]
