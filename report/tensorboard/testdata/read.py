"""Prints an event folder as TensorBoard reads it: the scalars, as JSON. With a second argument,
the list of the hyperparameters and results of all runs below the folder, as the plugin hparams
shows them: "context" calls the plugin, "http" asks a TensorBoard that serves the folder.
"""
import json
import sys


def scalars(folder):
    from tensorboard.backend.event_processing import event_accumulator

    acc = event_accumulator.EventAccumulator(folder)
    acc.Reload()
    out = {}
    for tag in acc.Tags()["scalars"]:
        out[tag] = [[e.step, e.value, e.wall_time] for e in acc.Scalars(tag)]
    # Tags that were upgraded to tensors on reading; the plugin hparams has its data in metadata.
    for tag in acc.Tags()["tensors"]:
        if not tag.startswith("_hparams_/"):
            out[tag] = [[e.step, e.tensor_proto.float_val[0], e.wall_time] for e in acc.Tensors(tag)]
    return out


def requests(metrics):
    return [{"group": m["name"].get("group", ""), "tag": m["name"]["tag"]} for m in metrics]


def table(experiment, groups):
    """The rows of the plugin's table."""
    sessions = []
    for group in groups:
        for s in group["sessions"]:
            sessions.append({
                "name": s["name"],
                "status": s.get("status", "STATUS_UNKNOWN"),
                "hparams": group["hparams"],
                "metrics": {m["name"]["tag"]: m.get("value", 0.0) for m in s.get("metricValues", [])},
            })
    return {
        "hparams": {h["name"]: h["type"] for h in experiment["hparamInfos"]},
        "metrics": [m["name"]["tag"] for m in experiment.get("metricInfos", [])],
        "sessions": sorted(sessions, key=lambda s: s["name"]),
    }


def context(folder):
    from google.protobuf import json_format
    from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
    from tensorboard.context import RequestContext
    from tensorboard.plugins import base_plugin
    from tensorboard.plugins.hparams import api_pb2, backend_context, get_experiment, list_session_groups

    multiplexer = plugin_event_multiplexer.EventMultiplexer().AddRunsFromDirectory(folder)
    multiplexer.Reload()
    provider = data_provider.MultiplexerDataProvider(multiplexer, folder)
    tb = base_plugin.TBContext(data_provider=provider, logdir=folder, multiplexer=multiplexer)
    backend, ctx = backend_context.Context(tb), RequestContext()
    experiment = json_format.MessageToDict(get_experiment.Handler(
        ctx, backend, "", api_pb2.GetExperimentRequest(include_metrics=True)).run())
    ask = api_pb2.ListSessionGroupsRequest(
        slice_size=1000, allowed_statuses=range(4), aggregation_type=api_pb2.AGGREGATION_AVG,
        include_metrics=True,
        col_params=[api_pb2.ColParams(metric=api_pb2.MetricName(**n)) for n in requests(experiment["metricInfos"])])
    groups = json_format.MessageToDict(list_session_groups.Handler(ctx, backend, "", ask).run())
    return table(experiment, groups["sessionGroups"])


def http(folder):
    import urllib.request

    from tensorboard import program

    server = program.TensorBoard()
    server.configure(argv=[None, "--logdir", folder, "--port", "0", "--load_fast", "false"])
    address = server.launch() + "data/plugin/hparams/"

    def post(path, body):
        request = urllib.request.Request(address + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    import time

    for _ in range(100):  # it loads the events in the background
        experiment = post("experiment", {"includeMetrics": True})
        if experiment.get("hparamInfos"):
            break
        time.sleep(0.1)
    statuses = ["STATUS_UNKNOWN", "STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_RUNNING"]
    groups = post("session_groups", {
        "sliceSize": 1000, "allowedStatuses": statuses, "aggregationType": "AGGREGATION_AVG", "includeMetrics": True,
        "colParams": [{"metric": n} for n in requests(experiment["metricInfos"])]})
    return table(experiment, groups["sessionGroups"])


readers = {"scalars": scalars, "context": context, "http": http}
print(json.dumps(readers[(sys.argv + ["scalars"])[2]](sys.argv[1])))
