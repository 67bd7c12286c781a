"""Writes hparams.json: Summary messages of the plugin hparams, in hexadecimal, as TensorBoard's
own classes encode them.

    pip install tensorboard
    python3 hparams.py > hparams.json
"""
import importlib.metadata
import json

from tensorboard.compat.proto import summary_pb2
from tensorboard.plugins.hparams import api_pb2, backend_context, metadata, plugin_data_pb2

SESSIONS = [
    {"seed": 1.0, "model.type": "mlp", "augment": False, "λ": 2.5e-4, "mixed": "all", "zero": 0.0},
    {"seed": 2.0, "model.type": "lenet5", "augment": True, "mixed": 0.5, "zero": 0.0},
]
METRICS = ["final/accuracy", "final/macs_share"]
TIME = 1_700_000_000.25


def summary(tag, **data):
    value = summary_pb2.Summary.Value(
        tag=tag,
        tensor=metadata.NULL_TENSOR,
        metadata=metadata.create_summary_metadata(plugin_data_pb2.HParamsPluginData(**data)),
    )
    # The content is a map, whose order is only fixed where it is asked for.
    content = plugin_data_pb2.HParamsPluginData(**data, version=metadata.PLUGIN_DATA_VERSION)
    value.metadata.plugin_data.content = content.SerializeToString(deterministic=True)
    return summary_pb2.Summary(value=[value]).SerializeToString(deterministic=True).hex()


def start(hparams):
    info = plugin_data_pb2.SessionStartInfo(start_time_secs=TIME)
    for name, value in hparams.items():
        if isinstance(value, bool):
            info.hparams[name].bool_value = value
        elif isinstance(value, float):
            info.hparams[name].number_value = value
        else:
            info.hparams[name].string_value = value
    return info


class Context(backend_context.Context):
    def __init__(self):
        """Needs no data provider for the hyperparameters alone."""


# What TensorBoard makes of the sessions where there is no experiment.
starts = [start(s) for s in SESSIONS]
content = {
    str(i): {
        metadata.SESSION_START_INFO_TAG: plugin_data_pb2.HParamsPluginData(
            session_start_info=s, version=metadata.PLUGIN_DATA_VERSION
        ).SerializeToString()
    }
    for i, s in enumerate(starts)
}
infos = sorted(Context()._compute_hparam_infos(content), key=lambda info: info.name)
for info in infos:  # from a set, in no order
    texts = sorted(info.domain_discrete, key=lambda v: v if isinstance(v, str) else str(v).lower())
    if texts:
        info.domain_discrete.Clear()
        info.domain_discrete.extend(texts)
experiment = api_pb2.Experiment(
    time_created_secs=TIME,
    hparam_infos=infos,
    metric_infos=[api_pb2.MetricInfo(name=api_pb2.MetricName(tag=tag)) for tag in METRICS],
)
end = plugin_data_pb2.SessionEndInfo(status=api_pb2.STATUS_FAILURE, end_time_secs=TIME)
print(json.dumps({
    "tensorboard": importlib.metadata.version("tensorboard"),
    "time": TIME,
    "metrics": METRICS,
    "sessions": SESSIONS,
    "session_start": [summary(metadata.SESSION_START_INFO_TAG, session_start_info=s) for s in starts],
    "session_end": summary(metadata.SESSION_END_INFO_TAG, session_end_info=end),
    "experiment": summary(metadata.EXPERIMENT_TAG, experiment=experiment),
}, indent=1, ensure_ascii=False))
