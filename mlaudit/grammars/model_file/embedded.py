"""Models that are as bytes or text inside a pickle: XGBoost's, LightGBM's and CatBoost's own formats."""

from __future__ import annotations

from io import BytesIO

from mlaudit.grammars.model_file.boosters import (
    catboost_version,
    lightgbm_format,
    xgboost_binary_version,
    xgboost_version_in,
)
from mlaudit.grammars.model_file.formats import formats
from mlaudit.grammars.model_file.pickle_values import Payload
from mlaudit.grammars.model_file.window import whole
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadVersion:
    """What a model inside says: an exact version, a range, or only why neither."""

    package: str
    version: str | None = None
    specifier: str | None = None
    detail: str = ""


def payload_version(payload: Payload) -> PayloadVersion:
    """The library and version that wrote a payload."""
    return {"xgboost": _xgboost, "xgboost-binary": _xgboost_binary, "catboost": _catboost, "lightgbm": _lightgbm}[
        payload.kind
    ](payload)


def _xgboost(payload: Payload) -> PayloadVersion:
    version = xgboost_version_in(payload.tail)
    return PayloadVersion(package="xgboost", version=version, detail="" if version else "its booster ends without one")


def _xgboost_binary(payload: Payload) -> PayloadVersion:
    specifier = xgboost_binary_version(payload.head[:64])
    return PayloadVersion(package="xgboost", specifier=specifier, detail="major and minor in the binary header")


def _lightgbm(payload: Payload) -> PayloadVersion:
    number = lightgbm_format(payload.head)
    return PayloadVersion(
        package="lightgbm",
        specifier=formats().table("lightgbm").get(number or ""),
        detail=f"model format {number}, no library version",
    )


def _catboost(payload: Payload) -> PayloadVersion:
    if not payload.whole:
        return PayloadVersion(package="catboost", detail="it is too long to be kept")
    try:
        return PayloadVersion(package="catboost", version=catboost_version(whole(BytesIO(payload.head))), detail="")
    except Unreadable as error:
        return PayloadVersion(package="catboost", detail=error.why)
