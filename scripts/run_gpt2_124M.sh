#!/usr/bin/env bash
# GPT-2 124M from scratch, by the published recipe: 524,288 tokens a step, learning rate 6e-4 with
# 700 steps of warm-up and a cosine to zero, weight decay 0.1.
#
#   scripts/run_gpt2_124M.sh SHARDS [DIRECTORY]     default: checkpoints/gpt2_124M
#
# SHARDS is a directory with NAME_train_*.bin and NAME_val_*.bin of GPT-2's vocabulary, as
# `swiftlet prepare --shard-tokens 100000000 --tokenizer gpt2_tokenizer.bin` writes them.
#
# Ten billion tokens make 19,000 steps: 260 days on two cores at 450 tokens a second, days on a
# large server. If stopped, it resumes when it is run again. STEPS, TOKENS and LENGTH in the
# environment make it smaller; this fits an evening on a laptop:
#
#   STEPS=200 TOKENS=8192 LENGTH=256 scripts/run_gpt2_124M.sh SHARDS
set -euo pipefail
if (($# < 1 || $# > 2)) || [[ -z $1 || $1 == -* ]]; then
    echo "usage: scripts/run_gpt2_124M.sh SHARDS [DIRECTORY]" >&2
    exit 64
fi
shards=$1
repository=$(cd "$(dirname "$0")/.." && pwd)
output=${2:-$repository/checkpoints/gpt2_124M}

swift build -c release --product swiftlet --package-path "$repository" >&2
swiftlet=$(swift build -c release --show-bin-path --package-path "$repository")/swiftlet

steps=${STEPS:-18865}
"$swiftlet" train --init gpt2 \
    --train-data "$shards/*_train*.bin" --val-data "$shards/*_val*.bin" \
    --batch-size 4 --sequence-length "${LENGTH:-1024}" --total-batch-tokens "${TOKENS:-524288}" \
    --steps "$steps" --learning-rate 6e-4 --warmup-steps $((steps < 7000 ? steps / 10 : 700)) \
    --final-learning-rate-fraction 0 --weight-decay 0.1 --grad-clip 1.0 \
    --val-every 250 --checkpoint-every 500 --output "$output"
