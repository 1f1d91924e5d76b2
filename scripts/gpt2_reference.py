"""GPT-2 and AdamW in PyTorch, kept simple: the reference for Swiftlet's numbers.

Here are the forward pass (PyTorch derives the backward pass), GPT-2's random initialization, and
the optimizer step of llm.c: decoupled weight decay on the matrices, clipping by the
global norm, gradients averaged over micro-batches. It reads no files (llmc_files.py does), does
not sample and is not meant to be fast.

Install once: python3 -m pip install torch numpy

Dimension letters: B batch, T positions, maxT the most positions, C channels, V vocabulary,
Vp vocabulary padded to a multiple of 128, L layers, NH heads, HS = C / NH head size.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

try:
    import torch
    import torch.nn.functional as F
except ImportError:
    sys.exit("PyTorch is missing: install it with `python3 -m pip install torch numpy`.")

from torch import Tensor

LAYER_NORM_EPSILON = 1e-5
VOCABULARY_ALIGNMENT = 128

# The tensors that weight decay shrinks: the matrices. Biases and layernorms are left alone.
DECAYED_TENSORS = frozenset({"wte", "wpe", "qkvw", "attprojw", "fcw", "fcprojw"})

NORM_WEIGHTS = frozenset({"ln1w", "ln2w", "lnfw"})

# The layers whose output is added to the residual stream: twice in a block.
RESIDUAL_PROJECTIONS = frozenset({"attprojw", "fcprojw"})

# A micro-batch: input tokens (B, T) and the tokens that follow them (B, T).
Batch = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Configuration:
    """The sizes that fix a GPT-2."""

    max_sequence_length: int  # maxT
    vocabulary_size: int  # V
    layers: int  # L
    heads: int  # NH
    channels: int  # C

    def __post_init__(self) -> None:
        if min(vars(self).values()) < 1:
            raise ValueError(f"every size of a model must be at least 1, found {self}")
        if self.channels % self.heads != 0:
            raise ValueError(
                f"the channels ({self.channels}) must be a multiple of the heads ({self.heads})"
            )

    @property
    def padded_vocabulary_size(self) -> int:
        """Vp: the vocabulary rounded up to a multiple of 128."""
        return -(-self.vocabulary_size // VOCABULARY_ALIGNMENT) * VOCABULARY_ALIGNMENT


def parameter_shapes(configuration: Configuration) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the 16 tensors in llm.c's order; a matrix is (outputs, inputs)."""
    L, C = configuration.layers, configuration.channels
    return {
        "wte": (configuration.padded_vocabulary_size, C),
        "wpe": (configuration.max_sequence_length, C),
        "ln1w": (L, C),
        "ln1b": (L, C),
        "qkvw": (L, 3 * C, C),
        "qkvb": (L, 3 * C),
        "attprojw": (L, C, C),
        "attprojb": (L, C),
        "ln2w": (L, C),
        "ln2b": (L, C),
        "fcw": (L, 4 * C, C),
        "fcb": (L, 4 * C),
        "fcprojw": (L, C, 4 * C),
        "fcprojb": (L, C),
        "lnfw": (C,),
        "lnfb": (C,),
    }


class GPT2(torch.nn.Module):
    """GPT-2 over llm.c's 16 tensors, each holding all layers, so gradients come in file order."""

    def __init__(self, configuration: Configuration, tensors: dict[str, Tensor]) -> None:
        super().__init__()
        self.configuration = configuration
        for name, shape in parameter_shapes(configuration).items():
            if tensors[name].shape != shape:
                raise ValueError(f"{name} has shape {tuple(tensors[name].shape)}, not {shape}")
            self.register_parameter(name, torch.nn.Parameter(tensors[name]))

    def forward(self, tokens: Tensor) -> Tensor:
        """Returns the logits (B, T, V) of the tokens that follow `tokens` (B, T)."""
        x = F.embedding(tokens, self.wte) + self.wpe[: tokens.shape[1]]  # (B, T, C)
        for layer in self._layers():
            x = x + self._attention(_layer_norm(x, layer["ln1w"], layer["ln1b"]), layer)
            x = x + _feed_forward(_layer_norm(x, layer["ln2w"], layer["ln2b"]), layer)
        x = _layer_norm(x, self.lnfw, self.lnfb)
        # The head is tied to wte. The rows that pad it are not used, so their gradient is zero.
        return x @ self.wte[: self.configuration.vocabulary_size].T

    def loss(self, tokens: Tensor, targets: Tensor) -> Tensor:
        """Returns the mean loss of predicting `targets` (B, T) from `tokens` (B, T)."""
        return cross_entropy(self(tokens), targets)

    def _layers(self) -> Iterator[dict[str, Tensor]]:
        """Yields the tensors of each layer in turn."""
        skipped = {"wte", "wpe", "lnfw", "lnfb"}
        stacked = {n: p.unbind(0) for n, p in self.named_parameters() if n not in skipped}
        for index in range(self.configuration.layers):
            yield {name: slices[index] for name, slices in stacked.items()}

    def _attention(self, x: Tensor, layer: dict[str, Tensor]) -> Tensor:
        """Causal self-attention of x (B, T, C), with its output projection."""
        B, T, C = x.shape
        NH = self.configuration.heads
        qkv = F.linear(x, layer["qkvw"], layer["qkvb"])  # (B, T, 3C)
        q, k, v = (part.view(B, T, NH, C // NH).transpose(1, 2) for part in qkv.split(C, dim=-1))
        scores = q @ k.transpose(-2, -1) / math.sqrt(C // NH)  # (B, NH, T, T)
        future = torch.ones(T, T, dtype=torch.bool).triu(diagonal=1)
        weights = scores.masked_fill(future, -math.inf).softmax(dim=-1)
        mixed = (weights @ v).transpose(1, 2).reshape(B, T, C)
        return F.linear(mixed, layer["attprojw"], layer["attprojb"])


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Returns the mean over all positions, in nats, for logits (B, T, V) and targets (B, T)."""
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def _layer_norm(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return F.layer_norm(x, weight.shape, weight, bias, LAYER_NORM_EPSILON)


def _feed_forward(x: Tensor, layer: dict[str, Tensor]) -> Tensor:
    """The two linear layers of a block with GELU, in its tanh form, between them."""
    hidden = F.gelu(F.linear(x, layer["fcw"], layer["fcb"]), approximate="tanh")  # (B, T, 4C)
    return F.linear(hidden, layer["fcprojw"], layer["fcprojb"])


def random_model(configuration: Configuration, seed: int) -> GPT2:
    """Makes a model with GPT-2's initialization: normal(0.02), biases 0, layernorms 1.

    The residual projections are scaled by 1 / sqrt(2 L), so that the variance of the residual
    stream does not grow with the number of layers.
    """
    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for name, shape in parameter_shapes(configuration).items():
        if name in DECAYED_TENSORS:
            shrink = math.sqrt(2 * configuration.layers) if name in RESIDUAL_PROJECTIONS else 1
            tensors[name] = torch.zeros(shape)
            # Nothing is drawn for the padding, so a seed gives the same weights as in Swiftlet.
            rows = configuration.vocabulary_size if name == "wte" else shape[0]
            tensors[name][:rows].normal_(0, 0.02 / shrink, generator=generator)
        else:
            tensors[name] = torch.full(shape, 1.0 if name in NORM_WEIGHTS else 0.0)
    return GPT2(configuration, tensors)


@dataclass(frozen=True)
class DebugState:
    """One forward and backward pass: what went in and what came out."""

    tokens: Tensor  # (B, T)
    targets: Tensor  # (B, T)
    logits: Tensor  # (B, T, V)
    loss: float
    gradients: dict[str, Tensor]  # shaped as the parameters


def debug_state(model: GPT2, tokens: Tensor, targets: Tensor) -> DebugState:
    """Runs the model forward and backward over one batch."""
    model.zero_grad()
    logits = model(tokens)
    loss = cross_entropy(logits, targets)
    loss.backward()
    gradients = {name: parameter.grad.clone() for name, parameter in model.named_parameters()}
    return DebugState(tokens, targets, logits.detach(), loss.item(), gradients)


@dataclass(frozen=True)
class OptimizerSettings:
    """What AdamW needs besides the learning rate, which changes from step to step."""

    beta1: float = 0.9
    beta2: float = 0.95
    epsilon: float = 1e-8
    weight_decay: float = 0.1
    grad_clip: float = 1.0  # the largest global norm; 0 turns clipping off


class AdamW:
    """AdamW with bias correction, decoupled weight decay and clipping, as llm.c applies them."""

    def __init__(self, model: GPT2, settings: OptimizerSettings) -> None:
        self.model = model
        self.settings = settings
        self.steps_taken = 0
        self.first_moments = {n: torch.zeros_like(p) for n, p in model.named_parameters()}
        self.second_moments = {n: torch.zeros_like(p) for n, p in model.named_parameters()}

    @torch.no_grad()
    def step(self, learning_rate: float) -> float:
        """Updates the model from its gradients; returns their global norm before clipping."""
        norm = self._gradient_norm()
        clip = self.settings.grad_clip
        scale = clip / norm if 0 < clip < norm else 1.0
        self.steps_taken += 1
        for name, parameter in self.model.named_parameters():
            self._update(name, parameter, parameter.grad * scale, learning_rate)
        return norm

    def _gradient_norm(self) -> float:
        # In float32, PyTorch loses up to the fourth digit of a large tensor's norm.
        norms = [
            torch.linalg.vector_norm(parameter.grad, dtype=torch.float64)
            for parameter in self.model.parameters()
        ]
        return torch.linalg.vector_norm(torch.stack(norms)).item()

    def _update(self, name: str, parameter: Tensor, gradient: Tensor, learning_rate: float) -> None:
        settings = self.settings
        m, v = self.first_moments[name], self.second_moments[name]
        m.mul_(settings.beta1).add_(gradient, alpha=1 - settings.beta1)
        v.mul_(settings.beta2).addcmul_(gradient, gradient, value=1 - settings.beta2)
        m_hat = m / (1 - settings.beta1**self.steps_taken)
        v_hat = v / (1 - settings.beta2**self.steps_taken)
        decay = settings.weight_decay if name in DECAYED_TENSORS else 0.0
        parameter -= learning_rate * (m_hat / (v_hat.sqrt() + settings.epsilon) + decay * parameter)


def train_step(
    model: GPT2, optimizer: AdamW, micro_batches: Sequence[Batch], learning_rate: float
) -> tuple[float, float]:
    """Takes one optimizer step over equally sized micro-batches.

    Returns the mean loss over them, before the update, and the global norm of the averaged
    gradient, before clipping.
    """
    model.zero_grad()
    mean_loss = 0.0
    for tokens, targets in micro_batches:
        loss = model.loss(tokens, targets) / len(micro_batches)
        loss.backward()
        mean_loss += loss.item()
    return mean_loss, optimizer.step(learning_rate)


@dataclass(frozen=True)
class CosineSchedule:
    """Linear warm-up to the peak, then half a cosine down to a fraction of it (llm.c's)."""

    peak: float
    warmup_steps: int
    steps: int
    final_fraction: float

    def learning_rate(self, step: int) -> float:
        """Returns the learning rate of a step, counted from 0."""
        if step < self.warmup_steps:
            return self.peak * (step + 1) / self.warmup_steps
        progress = (step - self.warmup_steps) / (self.steps - self.warmup_steps)
        final = self.peak * self.final_fraction
        return final + 0.5 * (1 + math.cos(math.pi * progress)) * (self.peak - final)
