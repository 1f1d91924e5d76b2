#!/usr/bin/env bash
# A small GPT-2 that writes Shakespeare one character at a time: nanoGPT's recipe for a CPU.
#
#   scripts/run_shakespeare.sh input.txt [DIRECTORY]     default: checkpoints/shakespeare
#
# input.txt is any text; the recipe was made for the megabyte known as tiny shakespeare. The last
# tenth is held out, as nanoGPT does. 4 layers, 4 heads, 128 channels, context 64, batch 12, 2,000
# steps in nanoGPT's random order, learning rate 1e-3 to 1e-4 after 100 steps of warm-up; a
# validation loss near 1.88.
#
# Matrices are bfloat16 if the processor multiplies that type, which takes two thirds of the time
# there, and float32 otherwise; PRECISION=float32 or bfloat16 in the environment overrides this.
# docs/benchmarks.md compares the time with nanoGPT's.
set -euo pipefail
if (($# < 1 || $# > 2)) || [[ -z $1 || $1 == -* ]]; then
    echo "usage: scripts/run_shakespeare.sh input.txt [DIRECTORY]" >&2
    exit 64
fi
input=$1
repository=$(cd "$(dirname "$0")/.." && pwd)
output=${2:-$repository/checkpoints/shakespeare}
[[ -r $input ]] || {
    echo "scripts/run_shakespeare.sh: cannot read '$input'; check the path" >&2
    exit 66
}
mkdir -p "$output"

swift build -c release --product swiftlet --package-path "$repository" >&2
swiftlet=$(swift build -c release --show-bin-path --package-path "$repository")/swiftlet

# A byte-level vocabulary of 257 has no merges: every byte is a token.
"$swiftlet" tokenizer train "$input" --vocabulary-size 257 \
    --output "$output/tokenizer.bin" --overwrite
bytes=$(wc -c <"$input")
for part in train val; do
    held_out=$((bytes / 10))
    if [[ $part == train ]]; then
        head -c $((bytes - held_out)) "$input"
    else
        tail -c $held_out "$input"
    fi |
        "$swiftlet" prepare - --tokenizer "$output/tokenizer.bin" \
            --output "$output/data" --name "$part" --overwrite
done

precision=${PRECISION:-}
if [[ -z $precision ]]; then
    # Without an instruction for it, bfloat16 is multiplied as float32 and gains nothing.
    case $("$swiftlet" info --machine --json) in
    *'"bfloat16":"float32 FMA'* | *'"bfloat16":"plain loops'*) precision=float32 ;;
    *) precision=bfloat16 ;;
    esac
fi
"$swiftlet" train --init layers=4,heads=4,channels=128,context=64 \
    --train-data "$output/data/train_train.bin" --val-data "$output/data/val_train.bin" \
    --tokenizer "$output/tokenizer.bin" --batch-size 12 --sequence-length 64 \
    --steps 2000 --order random --precision "$precision" \
    --learning-rate 1e-3 --warmup-steps 100 --final-learning-rate-fraction 0.1 \
    --beta1 0.9 --beta2 0.99 --val-every 1000 --val-batches 0 --output "$output/run" --overwrite
"$swiftlet" sample --model "$output/run" --prompt $'\n' --max-tokens 60 --seed 1
