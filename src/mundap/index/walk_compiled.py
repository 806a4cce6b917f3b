"""The loop of `walk`, compiled when this module is imported for the first time (extra `fast`)."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, call-arg"
# Compiled functions have no types but those that they are compiled for.

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

_FIRST = 14  # bytes of a vertex up to its first neighbour
_LINE = 64  # bytes that come from memory together


@intrinsic
def _ask(typing, array, place):
    """Have a byte of an array brought near the processor, without waiting for it."""

    def code(context, builder, signature, arguments):
        array, place = arguments
        data = cgutils.create_struct_proxy(signature.args[0])(context, builder, array).data
        pointer, whole = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [pointer, whole, whole, whole])
        prefetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        to_read, to_keep, data_cache = whole(0), whole(3), whole(1)
        builder.call(prefetch, [builder.gep(data, [place]), to_read, to_keep, data_cache])
        return context.get_dummy_value()

    return types.void(array, types.int64), code


@njit(cache=True, nogil=True)
def _number(file, at):
    """The four bytes there as a number."""
    at = np.uint64(at)  # without a sign, which numba would look at
    value = np.uint32(0)
    for n in range(4):
        value |= np.uint32(file[at + np.uint64(n)]) << np.uint32(8 * n)
    return np.int64(value)


@njit(cache=True, nogil=True)
def _product(query, file, vertex):
    """The product of the query and a vertex's vector; in 32 bits, as processors add those of 8 bits, which numba would widen."""
    dim = len(query)
    vector = file[8 + vertex * dim : 8 + (vertex + 1) * dim]
    total = np.int32(0)
    for n in range(dim):
        total = np.int32(total + np.int32(np.int32(query[n]) * np.int32(np.int8(vector[n]))))
    return np.int64(total)


@njit(cache=True, nogil=True)
def _descended(file, query, starts, room, entry):
    """(vertex at which to begin at the bottom, its product): above, from neighbour to better neighbour."""
    (bottom, above), (here, level) = room, entry
    best = _product(query, file, here)
    while level:
        at = starts[here] + _FIRST + 4 * bottom + (level - 1) * (4 + 4 * above)
        better = False
        there = at + 4 + 4 * above <= len(file)  # a damaged file may lead to a vertex that is not on this level
        for n in range(min(_number(file, at), above) if there else 0):
            other = _number(file, at + 4 + 4 * n)
            if other < len(starts):  # or that is not there at all
                score = _product(query, file, other)
                if score > best:
                    best, here, better = score, other, True
        if not better:
            level -= 1
    return here, best


@njit(cache=True, nogil=True)
def _put(kept, held, one):
    """The place at which `one` was put among the first `held`, which fall; the last goes if there is no room."""
    place, after = 0, held
    while place < after:
        middle = (place + after) >> 1
        if kept[middle] > one:
            place = middle + 1
        else:
            after = middle
    for n in range(min(held, len(kept) - 1), place, -1):
        kept[n] = kept[n - 1]
    kept[place] = one
    return place


@njit(cache=True, nogil=True)
def walk(file, query, starts, room, entry, width):
    """The keys of the best `width` vertices that a walk finds, best first; see `Walk`."""
    here, best = _descended(file, query, starts, room, entry)
    # The best so far, falling: the product, below it the number of the vertex, and whether its neighbours were seen.
    kept, held = np.empty(width, np.int64), 1
    kept[0] = best << 32 | here << 1
    seen = np.zeros(len(starts) // 64 + 1, np.uint64)
    seen[here >> 6] |= np.uint64(1) << np.uint64(here & 63)
    fresh = np.empty(room[0], np.int64)
    next = 0
    while next < held:
        if kept[next] & 1:
            next += 1
            continue
        kept[next] |= 1
        at = starts[(kept[next] & 0xFFFFFFFF) >> 1] + _FIRST
        count = 0
        for n in range(min(_number(file, at - 4), room[0])):
            other = _number(file, at + 4 * n)
            if other < len(starts) and not seen[other >> 6] >> np.uint64(other & 63) & np.uint64(1):
                seen[other >> 6] |= np.uint64(1) << np.uint64(other & 63)
                fresh[count] = other
                count += 1
                for line in range(0, len(query), _LINE):
                    _ask(file, 8 + other * len(query) + line)
        for n in range(count):
            score = _product(query, file, fresh[n])
            if held < width or score > kept[held - 1] >> 32:
                next = min(next, _put(kept, held, score << 32 | fresh[n] << 1))
                held = min(held + 1, width)
                _ask(file, starts[fresh[n]])
                _ask(file, starts[fresh[n]] + _LINE)
    found = np.empty(held, np.int64)
    for n in range(held):
        at = starts[(kept[n] & 0xFFFFFFFF) >> 1]
        found[n] = _number(file, at) | _number(file, at + 4) << 32
    return found
