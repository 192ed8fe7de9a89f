"""featuretools: feature definitions as JSON and entity sets, pickled."""

import pickle

import featuretools as ft
import pandas as pd

REQUIRES = ["setuptools<81"]
KINDS = {".json": "featuretools.json", ".pickle": "featuretools.pickle"}
TOLERANCE = 1e-6

ORDERS = pd.DataFrame(
    {
        "id": range(12),
        "customer": [1, 2, 3] * 4,
        "amount": [float(number * 7 % 10) for number in range(12)],
        "time": pd.date_range("2020-01-01", periods=12, freq="D"),
        "kind": ["x", "y"] * 6,
    }
)
CUSTOMERS = pd.DataFrame({"customer": [1, 2, 3], "age": [20, 30, 40]})


def entities():
    made = ft.EntitySet("shop")
    made.add_dataframe(dataframe_name="customers", dataframe=CUSTOMERS.copy(), index="customer")
    made.add_dataframe(dataframe_name="orders", dataframe=ORDERS.copy(), index="id", time_index="time")
    return made.add_relationship("customers", "customer", "orders", "customer")


def features():
    primitives = ["sum", "mean", "max", "count", "std", "mode", "trend"]
    return ft.dfs(
        entityset=entities(),
        target_dataframe_name="customers",
        agg_primitives=primitives,
        trans_primitives=["month", "weekday", "is_weekend"],
        features_only=True,
    )


def write_pickle(path):
    with open(path, "wb") as file:
        pickle.dump(entities(), file, 4)


def artifacts():
    yield "features.json", lambda path: ft.save_features(features(), path)
    yield "entities.pickle", write_pickle


def probe(path):
    if path.endswith(".json"):
        made, shop = ft.load_features(path), entities()
    else:
        with open(path, "rb") as file:
            made, shop = features(), pickle.load(file)
    matrix = ft.calculate_feature_matrix(made, shop)
    return [sorted(matrix.columns), matrix.sort_index(axis=1).select_dtypes("number").fillna(-1).values]
