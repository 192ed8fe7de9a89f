"""peft: adapters of a tiny random Llama, saved as folders and put back on the same base."""

from functools import partial

import peft
import torch
import transformers

REQUIRES = ["torch==2.13.0", "transformers==4.46.3", "numpy<2"]
KINDS = {".adapter": "peft"}
TOLERANCE = 1e-5

ASKED = torch.tensor([[1, 5, 9, 12]])


def base():
    torch.manual_seed(0)
    settings = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(vocab_size=64, num_key_value_heads=2, **settings))


TARGETS = ["q_proj", "v_proj"]
SETTINGS = {
    "lora": lambda: peft.LoraConfig(r=4, target_modules=TARGETS, init_lora_weights=False),
    "lora_rslora": lambda: peft.LoraConfig(r=4, target_modules=TARGETS, init_lora_weights=False, use_rslora=True),
    "lora_dora": lambda: peft.LoraConfig(r=4, target_modules=TARGETS, init_lora_weights=False, use_dora=True),
    "lora_all_linear": lambda: peft.LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False),
    "lora_saved_modules": lambda: peft.LoraConfig(
        r=4, target_modules=TARGETS, init_lora_weights=False, modules_to_save=["lm_head"]
    ),
    "lora_bias": lambda: peft.LoraConfig(
        r=4, target_modules=TARGETS, init_lora_weights=False, lora_bias=True, bias="none"
    ),
    "ia3": lambda: peft.IA3Config(
        target_modules=["k_proj", "v_proj"], feedforward_modules=[], init_ia3_weights=False, task_type="CAUSAL_LM"
    ),
    "loha": lambda: peft.LoHaConfig(r=4, target_modules=TARGETS, init_weights=False),
    "lokr": lambda: peft.LoKrConfig(r=4, target_modules=TARGETS, init_weights=False),
    "vera": lambda: peft.VeraConfig(r=4, target_modules=["q_proj"], init_weights=False),
    "prefix": lambda: peft.PrefixTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=4),
    "prompt": lambda: peft.PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=4),
}


def write(make, path):
    model = base()
    torch.manual_seed(1)
    peft.get_peft_model(model, make()).save_pretrained(path)


def artifacts():
    for name, make in SETTINGS.items():
        yield name + ".adapter", partial(write, make)


def probe(path):
    model = peft.PeftModel.from_pretrained(base(), path).eval()
    with torch.no_grad():
        return model(input_ids=ASKED).logits.float()
