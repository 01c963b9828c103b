#!/usr/bin/env bash
# Fine-tuning on runs with FSDP2, on nodes of 8 GPUs with 80 GB: recipes/sft.sh SIZE MODEL RUNS OUT [NODES' RENDEZVOUS]
# SIZE: 7b_32k, 7b_128k, 32b_32k, 32b_128k. Start it on every node; RENDEZVOUS (host:port of the first) for more than one.
set -euo pipefail
size=$1 model=$2 runs=$3 out=$4 rendezvous=${5:-}
case $size in # nodes, tokens of a row, processes that share a row, rows of an update
  7b_32k) nodes=1 context=32768 share=1 rows=64 ;;
  7b_128k) nodes=2 context=131072 share=4 rows=16 ;;
  32b_32k) nodes=4 context=32768 share=2 rows=64 ;;
  32b_128k) nodes=8 context=131072 share=8 rows=16 ;;
  *) echo "unknown size $size" >&2; exit 2 ;;
esac
exec torchrun --nnodes "$nodes" --nproc-per-node 8 ${rendezvous:+--rdzv-backend c10d --rdzv-endpoint "$rendezvous"} \
  -m deepresearch train sft "$model" "$runs" --out "$out" --context "$context" --context-processes "$share" \
  --rows "$rows" --micro-rows 1 --epochs 2 --learning-rate 1e-5 --precision bfloat16 --gradient-checkpointing
