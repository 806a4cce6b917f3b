"""Options said once: frozen dataclasses whose fields say how they are named, explained and bounded.

The command line, the check of values, the card of a model and the sameness of a training that is resumed come from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Self, Union, get_args, get_origin, get_type_hints

from mundap.errors import BadOption
from mundap.types import Json

Scalar = None | bool | int | float | str


@dataclass(frozen=True, slots=True)
class Option:
    """What `Annotated` says of a field besides its type.

    `flag` is its name on the command line (default: the field's); "" keeps it off the command line. `presets` has its
    value in each named set of values. A default that says nothing to a reader is not shown in the help: `quiet`.
    """

    flag: str | None = None
    help: str = ""
    min: float | None = None
    max: float | None = None
    presets: Mapping[str, Scalar] = field(default_factory=dict)
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Described:
    """A field: `kind` is bool, int, float or str; `choices` are those of a Literal; `optional` says that it may be None."""

    name: str
    kind: type[bool] | type[int] | type[float] | type[str]
    choices: tuple[str, ...]
    optional: bool
    default: Scalar
    option: Option

    @property
    def flag(self) -> str:
        """On the command line; "" if it is not there."""
        return f"--{self.name.replace('_', '-')}" if self.option.flag is None else self.option.flag


class Options:
    """The base of the options of a trainer: a frozen dataclass of scalars, each with a default.

    A field without an Option is not on the command line, but is on the card, and must be the same where a training is
    resumed. Raises BadOption when it is made, for a value of another type or out of bounds.
    """

    def __post_init__(self) -> None:
        for one in describe(type(self)):
            _check(one, getattr(self, one.name))

    @classmethod
    def with_preset(cls, preset: str, **given: Scalar) -> Self:
        """The defaults, before them the values of the preset, and before these what was given and is not None."""
        if preset not in presets(cls):
            raise BadOption("--preset", preset, f"{', '.join(presets(cls))} 중 하나여야 합니다")
        named = {one.name: one.option.presets[preset] for one in describe(cls) if preset in one.option.presets}
        chosen: dict[str, Any] = {**named, **{name: value for name, value in given.items() if value is not None}}
        return cls(**chosen)

    def to_card(self) -> dict[str, Json]:
        """The value of each field by name."""
        return {one.name: getattr(self, one.name) for one in describe(type(self))}

    @classmethod
    def from_card(cls, card: Mapping[str, Json]) -> Self:
        """What `to_card` gave; fields that came later have their defaults. Raises BadOption."""
        values: dict[str, Any] = {one.name: card[one.name] for one in describe(cls) if one.name in card}
        return cls(**values)

    def to_flags(self) -> list[str]:
        """The options of a command line that give the same; of what is off it, the preset that has the same values."""
        said: list[str] = []
        for one in describe(type(self)):
            value = getattr(self, one.name)
            if one.flag and value is not None and value is not False and (value != "" or one.default != ""):
                said += [one.flag] if value is True else [one.flag, str(value)]
        return [*self._preset(), *said]

    def _preset(self) -> list[str]:
        hidden = [one for one in describe(type(self)) if not one.flag]
        for preset in presets(type(self)):
            if all(getattr(self, one.name) == one.option.presets.get(preset, one.default) for one in hidden):
                return ["--preset", preset]
        return []


def describe(options: type[Options]) -> list[Described]:
    """The fields of a class of options, in order. Raises TypeError for one that is no scalar, or has no default."""
    hints = get_type_hints(options, include_extras=True)
    return [_described(one.name, hints[one.name], one.default) for one in fields(options)]  # type: ignore[arg-type]


def presets(options: type[Options]) -> list[str]:
    """The names of the sets of values, in the order in which the fields name them."""
    return list(dict.fromkeys(preset for one in describe(options) for preset in one.option.presets))


def _described(name: str, hint: Any, default: Any) -> Described:
    option = Option(flag="")
    if get_origin(hint) is Annotated:
        hint, *said = get_args(hint)
        option = next((one for one in said if isinstance(one, Option)), option)
    optional = get_origin(hint) in (Union, UnionType)
    if optional:
        [hint] = [one for one in get_args(hint) if one is not NoneType]
    choices = get_args(hint) if get_origin(hint) is Literal else ()
    kind = str if choices else hint
    if kind not in (bool, int, float, str) or default is MISSING:
        raise TypeError(f"{name}: {hint!r} = {default!r}")
    return Described(name, kind, choices, optional, default, option)


def _check(one: Described, value: object) -> None:
    """Raises BadOption unless the field may have the value."""
    if value is None and one.optional:
        return
    fits = (int, float) if one.kind is float else (one.kind,)
    if not isinstance(value, fits) or (isinstance(value, bool) and one.kind is not bool):
        raise BadOption(one.flag or one.name, value, _KINDS[one.kind])
    if one.choices and value not in one.choices:
        raise BadOption(one.flag or one.name, value, f"{', '.join(one.choices)} 중 하나여야 합니다")
    low, high = one.option.min, one.option.max
    if isinstance(value, str) or not ((low is not None and value < low) or (high is not None and value > high)):
        return
    bounds = [f"{low:g} 이상" if low is not None else "", f"{high:g} 이하" if high is not None else ""]
    raise BadOption(one.flag or one.name, value, f"{' '.join(filter(None, bounds))}이어야 합니다")


_KINDS = {
    bool: "참이나 거짓이어야 합니다",
    int: "정수여야 합니다",
    float: "수여야 합니다",
    str: "글자여야 합니다",
}
