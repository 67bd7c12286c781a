"""Writes llama.json beside itself: logits of a small Llama of the package transformers, with
two heads of queries for each head of keys and values. Parameters have the names of pare's
layers; the projections of queries, keys and values lie one after another. Needs torch and
transformers, and only to change the case."""
import json
import os

import torch
from transformers import LlamaConfig, LlamaForCausalLM

VOCABULARY, POSITIONS, WIDTH, HEADS, GROUPS, HIDDEN, BLOCKS, BATCH = 7, 6, 16, 4, 2, 12, 2, 3

torch.manual_seed(4)
torch.set_num_threads(1)
net = LlamaForCausalLM(LlamaConfig(
    vocab_size=VOCABULARY, hidden_size=WIDTH, intermediate_size=HIDDEN, num_hidden_layers=BLOCKS, num_attention_heads=HEADS,
    num_key_value_heads=GROUPS, rms_norm_eps=1e-6, max_position_embeddings=64, rope_theta=10000.0, tie_word_embeddings=False,
    initializer_range=0.3)).eval()
with torch.no_grad():
    for p in net.parameters():
        if p.dim() == 1:
            p.uniform_(0.5, 1.5)


def array(t):
    return {"shape": list(t.shape), "data": [float("%.9g" % v) for v in t.detach().reshape(-1).tolist()]}


state = net.state_dict()
params = {"embed.weight": array(state["model.embed_tokens.weight"]), "norm.weight": array(state["model.norm.weight"]),
          "out.weight": array(state["lm_head.weight"])}
for i in range(BLOCKS):
    theirs, ours = "model.layers.%d." % i, "block%d." % (i + 1)
    params[ours + "qkv.weight"] = array(torch.cat([state[theirs + "self_attn.%s_proj.weight" % p] for p in "qkv"]))
    for a, b in {"input_layernorm": "norm1", "self_attn.o_proj": "proj", "post_attention_layernorm": "norm2", "mlp.gate_proj": "gate",
                 "mlp.up_proj": "up", "mlp.down_proj": "down"}.items():
        params[ours + b + ".weight"] = array(state[theirs + a + ".weight"])
x = torch.randint(0, VOCABULARY, (BATCH, POSITIONS))
with torch.no_grad():
    logits = net(x).logits
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "llama.json"), "w") as f:
    json.dump({
        "options": "blocks: %d, width: %d, heads: %d, kv_heads: %d, hidden: %d, activation: swiglu, norm: rmsnorm, positions: rotary"
        % (BLOCKS, WIDTH, HEADS, GROUPS, HIDDEN),
        "vocabulary": VOCABULARY, "positions": POSITIONS, "batch": BATCH, "params": params, "x": x.reshape(-1).tolist(),
        "logits": array(logits)["data"]}, f)
    f.write("\n")
