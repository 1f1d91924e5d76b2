#!/usr/bin/env python3
"""The loss of a text by a llama2.c model in transformers: the oracle of `swiftlet evaluate`.

usage: llama_perplexity.py MODEL.bin TOKENIZER.bin TEXT --length T

MODEL.bin is a llama2.c checkpoint of version 0 with a tied classifier, TOKENIZER.bin its
tokenizer. A window of T tokens moves over the text by T / 2, and each token is scored once.
Needs torch and transformers.
"""

import argparse
import json
import math
import struct

import numpy as np
import torch
from transformers import LlamaConfig, LlamaForCausalLM


def read_model(path):
    data = open(path, "rb").read()
    C, H, L, NH, NKH, V, T = struct.unpack("<7i", data[:28])
    assert V > 0, "the classifier must be tied"
    HS = C // NH
    values = torch.from_numpy(np.frombuffer(data, np.float32, offset=28).copy())

    def take(*shape):
        nonlocal values
        count = math.prod(shape)
        result, values = values[:count].view(shape), values[count:]
        return result

    def halves(weight, heads):
        """llama2.c rotates neighbors, transformers the halves of a head."""
        rows = weight.view(heads, HS // 2, 2, C).transpose(1, 2)
        return rows.reshape(weight.shape)

    embedding = take(V, C)
    norms = take(L, C)
    wq, wk, wv = take(L, C, C), take(L, NKH * HS, C), take(L, NKH * HS, C)
    wo, norms2 = take(L, C, C), take(L, C)
    w1, w2, w3 = take(L, H, C), take(L, C, H), take(L, H, C)
    config = LlamaConfig(
        vocab_size=V,
        hidden_size=C,
        intermediate_size=H,
        num_hidden_layers=L,
        num_attention_heads=NH,
        num_key_value_heads=NKH,
        max_position_embeddings=T,
        rms_norm_eps=1e-5,
        tie_word_embeddings=True,
    )
    state = {"model.embed_tokens.weight": embedding, "lm_head.weight": embedding}
    state["model.norm.weight"] = take(C)
    for layer in range(L):
        weights = {
            "self_attn.q_proj": halves(wq[layer], NH),
            "self_attn.k_proj": halves(wk[layer], NKH),
            "self_attn.v_proj": wv[layer],
            "self_attn.o_proj": wo[layer],
            "mlp.gate_proj": w1[layer],
            "mlp.down_proj": w2[layer],
            "mlp.up_proj": w3[layer],
            "input_layernorm": norms[layer],
            "post_attention_layernorm": norms2[layer],
        }
        for name, weight in weights.items():
            state[f"model.layers.{layer}.{name}.weight"] = weight
    model = LlamaForCausalLM(config).eval()
    model.load_state_dict(state)
    return model, V


def encode(text, path, V):
    """Like llama2.c's run.c: characters or bytes, then the best merge until there is none."""
    data = open(path, "rb").read()
    offset, pieces, scores = 4, [], []
    for _ in range(V):
        score, length = struct.unpack("<fi", data[offset : offset + 8])
        pieces.append(data[offset + 8 : offset + 8 + length])
        scores.append(score)
        offset += 8 + length
    index = {piece: i for i, piece in reversed(list(enumerate(pieces)))}
    ids = []
    for character in " " + text:
        name = character.encode()
        ids += [index[name]] if name in index else [byte + 3 for byte in name]
    while True:
        merges = [
            (-scores[merged], place, merged)
            for place, pair in enumerate(zip(ids, ids[1:]))
            if (merged := index.get(pieces[pair[0]] + pieces[pair[1]])) is not None
        ]
        if not merges:
            return [1] + ids
        _, place, merged = min(merges)
        ids[place : place + 2] = [merged]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("tokenizer")
    parser.add_argument("text")
    parser.add_argument("--length", type=int, required=True)
    arguments = parser.parse_args()
    model, V = read_model(arguments.model)
    text = open(arguments.text, "rb").read()
    ids = torch.tensor(encode(text.decode(), arguments.tokenizer, V))
    count = len(ids) - 1
    T = min(arguments.length, count)
    total, done, start = 0.0, 0, 0
    while done < count:
        first = min(start, count - T)
        with torch.no_grad():
            logits = model(ids[first : first + T][None]).logits[0].double()
        targets = ids[first + 1 : first + T + 1]
        losses = torch.nn.functional.cross_entropy(logits, targets, reduction="none")
        total += losses[done - first :].sum().item()
        done = first + T
        start += arguments.length // 2
    loss = total / count
    result = {"loss": loss, "perplexity": math.exp(loss), "tokens": count}
    result["bits_per_byte"] = total / math.log(2) / len(text)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
