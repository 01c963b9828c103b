"""One training run on many devices, started by `torchrun`: FSDP2 shares weights, gradients and optimizer out; context
parallelism shares one stream of tokens out.

Context parallelism gathers keys and values of the whole stream for each layer: the ring of torch's own
`context_parallel` has kernels for GPUs only, and knows no documents. Each process holds one chunk from the front and
one from the back of the stream, so that all have about the same number of earlier tokens to look at.
"""

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_state_dict,
    set_state_dict,
)
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard

from ..errors import CheckpointError, TrainingError
from .packing import Batch, Documents, Span, find_pieces

PARTIAL = StateDictOptions(ignore_frozen_params=True, strict=False)


@dataclass(frozen=True)
class Processes:
    """The processes of a run, and this one's place among them."""

    mesh: DeviceMesh
    """Two dimensions: data (other rows) and context (other tokens of the same rows)."""
    device: torch.device

    @classmethod
    def join(cls, context_processes: int = 1) -> "Processes | None":
        """Those that torchrun started; None where this process is alone.

        Raises TrainingError where the processes cannot be divided into groups of `context_processes`.
        """
        world = int(os.environ.get("WORLD_SIZE", "1"))
        if world % context_processes:
            raise TrainingError(
                f"{world} processes cannot share each stream of tokens among {context_processes}.",
                "Start a multiple of that number with torchrun.",
            )
        if world == 1:
            return None
        kind = "cuda" if torch.cuda.is_available() else "cpu"
        device = torch.device(kind, int(os.environ["LOCAL_RANK"]) if kind == "cuda" else None)
        if kind == "cuda":
            torch.cuda.set_device(device)
        if not dist.is_initialized():
            dist.init_process_group("nccl" if kind == "cuda" else "gloo")
        shape = (world // context_processes, context_processes)
        return cls(init_device_mesh(kind, shape, mesh_dim_names=("data", "context")), device)

    @property
    def first(self) -> bool:
        """Whether this process is the one that prints and writes files."""
        return dist.get_rank() == 0

    @property
    def count(self) -> int:
        return self.mesh.size()

    def shard(self, objective: torch.nn.Module, layers: str | Sequence[str], bfloat16: bool) -> None:
        """Share the parameters out, layer by layer. layers: names of the classes of a layer."""
        names = {layers} if isinstance(layers, str) else set(layers)
        policy = MixedPrecisionPolicy(torch.bfloat16, torch.float32) if bfloat16 else MixedPrecisionPolicy()
        mesh = self.mesh._flatten("all")
        for module in objective.modules():
            if type(module).__name__ in names:
                fully_shard(module, mesh=mesh, mp_policy=policy)
        fully_shard(objective, mesh=mesh, mp_policy=policy)

    def rows(self, rows: Sequence[Any]) -> Sequence[Any]:
        """Those of the rows of an update that this process learns; as many for each process, some of them empty."""
        size, place = self.mesh["data"].size(), self.mesh["data"].get_local_rank()
        share = list(rows[place::size])
        return share + [[]] * (-(-len(rows) // size) - len(share))

    def batch(self, documents: Sequence[tuple[Any, Any]]) -> Batch:
        """This process's part of a stream of documents; nobody's part is empty."""
        size, place = self.mesh["context"].size(), self.mesh["context"].get_local_rank()
        length = sum(len(ids) for ids, _ in documents)
        missing = -length % (2 * size) or (2 * size if not length else 0)
        filled = [*documents, *([([0] * missing, [0.0] * missing)] if missing else [])]
        whole = Batch.of(filled, self.device)
        if size == 1:
            return whole
        chunk = (length + missing) // (2 * size)
        spans = _spans(place, size, chunk)
        here = torch.cat([torch.arange(*span, device=self.device) for span in spans])
        group = self.mesh["context"].get_group()
        pieces = find_pieces([len(ids) for ids, _ in filled], spans)
        return Batch(
            ids=whole.ids[here],
            positions=whole.positions[here],
            targets=whole.targets[here],
            weights=whole.weights[here],
            documents=Documents(pieces, lambda part: _Gathered.apply(part, group)),
        )

    def total(self, value: torch.Tensor) -> torch.Tensor:
        """The sum of every process's value."""
        dist.all_reduce(value)
        return value


def _spans(place: int, size: int, chunk: int) -> list[Span]:
    """What one of `size` processes holds of a stream of 2 x `size` chunks."""
    back = 2 * size - 1 - place
    return [(place * chunk, (place + 1) * chunk), (back * chunk, (back + 1) * chunk)]


class _Gathered(torch.autograd.Function):
    """Keys or values of the whole stream, from each process's part of dimension 2."""

    @staticmethod
    def forward(ctx: Any, part: torch.Tensor, group: dist.ProcessGroup) -> torch.Tensor:
        ctx.group = group
        parts = [
            torch.empty_like(part, memory_format=torch.contiguous_format) for _ in range(dist.get_world_size(group))
        ]
        dist.all_gather(parts, part.contiguous(), group)
        halves = [part.chunk(2, 2) for part in parts]
        return torch.cat([front for front, _ in halves] + [back for _, back in reversed(halves)], 2)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
        whole = gradients[0].contiguous()
        dist.all_reduce(whole, group=ctx.group)
        size = dist.get_world_size(ctx.group)
        spans = _spans(dist.get_rank(ctx.group), size, whole.shape[2] // (2 * size))
        return torch.cat([whole[:, :, slice(*span)] for span in spans], 2), None


def save_state(folder: Path, objective: torch.nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """Write what is learnt and the optimizer's moments, each process its share. Raises OSError."""
    weights, moments = get_state_dict(objective, optimizer, options=PARTIAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that this process is alone
        dcp.save({"weights": weights, "optimizer": moments}, checkpoint_id=folder, no_dist=not dist.is_initialized())


def load_state(folder: Path, objective: torch.nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """Read what `save_state` wrote, by as many processes or more or fewer. Raises CheckpointError."""
    weights, moments = get_state_dict(objective, optimizer, options=PARTIAL)
    state = {"weights": weights, "optimizer": moments}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            dcp.load(state, checkpoint_id=folder, no_dist=not dist.is_initialized())
    except (OSError, dcp.api.CheckpointException) as error:
        raise CheckpointError(f"{folder} cannot be read: {error}.", "Delete it; the run begins again.") from error
    set_state_dict(objective, optimizer, model_state_dict=weights, optim_state_dict=moments, options=PARTIAL)


def whole_weights(model: torch.nn.Module) -> dict[str, Any]:
    """All weights, gathered on the first process (others get nothing), as `save_checkpoint` takes them."""
    options = StateDictOptions(full_state_dict=True, cpu_offload=True)
    weights: dict[str, Any] = get_model_state_dict(model, options=options)
    return weights
