"""Modules as people write them, for test_onnx_export.py; T tokens after C that are cached."""

import math

import torch
from torch import nn

attend = nn.functional.scaled_dot_product_attention

B, T, C, D, H, G = 2, 6, 5, 32, 4, 2
E = D // H


def heads(x, number):
    return x.view(x.shape[0], x.shape[1], number, E).transpose(1, 2)


def together(y):
    return y.transpose(1, 2).reshape(y.shape[0], y.shape[2], D)


class Projected(nn.Module):
    """Queries, keys and values; `attention` says the rest."""

    def __init__(self):
        super().__init__()
        self.q, self.out = nn.Linear(D, D), nn.Linear(D, D, bias=False)
        self.k, self.v = nn.Linear(D, G * E), nn.Linear(D, G * E, bias=False)
        self.wide = nn.Linear(D, 3 * D)

    def apart(self, x):
        return heads(self.q(x), H), heads(self.k(x), G), heads(self.v(x), G)

    def fused(self, x):
        return (heads(part, H) for part in self.wide(x).chunk(3, -1))


class Causal(Projected):
    """One product for all three, and torch's own attention."""

    def forward(self, x):
        q, k, v = self.fused(x)
        return self.out(together(attend(q, k, v, is_causal=True)))


class Cached(Projected):
    """A cache, shared heads that are repeated, a mask that is made in the graph."""

    def forward(self, x, keys, values):
        q, k, v = self.apart(x)
        k, v = torch.cat([keys, k], 2), torch.cat([values, v], 2)
        new, total = x.shape[1], k.shape[2]
        mask = torch.ones(new, total, dtype=torch.bool).tril(total - new)
        shape = (k.shape[0], G, H // G, total, E)
        again = (each[:, :, None].expand(shape).flatten(1, 2) for each in (k, v))
        return self.out(together(attend(q, *again, mask))), k, v


class Windowed(Projected):
    """A window of three keys and a padding mask, as a large negative number that is added."""

    def forward(self, x, padding):
        q, k, v = self.fused(x)
        place = torch.arange(x.shape[1])
        near = (place[None] <= place[:, None]) & (place[None] > place[:, None] - 3)
        seen = near[None, None] & padding[:, None, None, :].bool()
        mask = torch.where(seen, 0.0, torch.finfo(torch.float32).min)
        scores = q @ k.transpose(-1, -2) * E**-0.5 + mask
        return self.out(together(torch.softmax(scores.float(), -1).to(q.dtype) @ v))


class Stored(Projected):
    """A mask in a buffer, that fills scores with -inf, and a root that divides them."""

    def __init__(self):
        super().__init__()
        self.register_buffer("seen", torch.tril(torch.ones(1, 1, 16, 16, dtype=torch.bool)))

    def forward(self, x):
        q, k, v = self.fused(x)
        size = x.shape[1]
        scores = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
        scores = scores.masked_fill(self.seen[:, :, :size, :size] == 0, float("-inf"))
        return self.out(together(torch.softmax(scores, -1) @ v))


class Grouped(Projected):
    """Groups of query heads that a product with one head of keys broadcasts."""

    def forward(self, x):
        q, k, v = self.apart(x)
        q = q.reshape(x.shape[0], G, H // G, x.shape[1], E) / E**0.5
        weights = torch.softmax(q @ k[:, :, None].transpose(-1, -2), -1)
        return self.out(together((weights @ v[:, :, None]).flatten(1, 2)))


class Summed(Projected):
    """Products as Einstein sums over tokens before heads."""

    def forward(self, x):
        q, k, v = (each.transpose(1, 2) for each in self.fused(x))
        scores = torch.einsum("bqhd,bkhd->bhqk", q, k) * E**-0.5
        y = torch.einsum("bhqk,bkhd->bqhd", torch.softmax(scores, -1), v)
        return self.out(y.reshape(x.shape))


class Library(nn.Module):
    """What torch.nn has, which works on heads and sequences as one rank."""

    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(D, H, batch_first=True)

    def forward(self, x):
        return self.attention(x, x, x, need_weights=False)[0]
