"""Frames of logs and of results, with the types that they promise."""

import pytest

import pare

pandas = pytest.importorskip("pandas")

LINES = """\
{"kind":"step","phase":"train","epoch":0.5,"step":1,"lr":0.1,"loss":2,"grad_norm":1,"zeros":0,"seconds":1,"data_wait":0}
{"kind":"epoch","phase":"train","epoch":1,"step":2,"lr":0.1,"loss":1.5,"grad_norm":1,"zeros":0.25,\
"terms":[{"name":"l1(gates)","value":0.5,"lambda":0.1,"groups":8,"zero_groups":2},\
{"name":"l1(gates)","value":1,"lambda":0.1,"groups":8,"zero_groups":0,"norms":{"min":1,"p10":1,"p50":1,"p90":1,"max":1}}],\
"gates":{"gate1.gate":[1,0]},"val":{"loss":1,"accuracy":0.5,"correct":5,"n":10},\
"remaining":{"params":10,"macs":20,"params_share":0.5,"macs_share":0.25},"seconds":2,"data_wait":0}
{"kind":"epo"""


def test_metrics(tmp_path):
    (tmp_path / "metrics.jsonl").write_text(LINES)
    frame = pare.read_metrics(tmp_path)
    assert len(frame) == 2  # the last line is not whole yet
    types = frame.dtypes.astype(str)
    assert types[["kind", "phase", "step", "loss", "val.n", "val.accuracy"]].tolist() == [
        "category", "category", "Int64", "float64", "Int64", "float64"]  # fmt: skip
    epoch = frame[frame.kind == "epoch"].iloc[0]
    assert epoch["terms.l1(gates).zero_groups"] == 2 and epoch["terms.l1(gates)#2.norms.p50"] == 1
    assert epoch["gates.gate1.gate"] == [1, 0] and epoch["remaining.macs_share"] == 0.25
    assert pandas.isna(frame.iloc[0]["val.n"])


def test_faulty_metrics(tmp_path):
    (tmp_path / "metrics.jsonl").write_text("{}\n[]\n")
    with pytest.raises(pare.ModelError, match="line 2 is no JSON object"):
        pare.read_metrics(tmp_path)
    with pytest.raises(pare.ModelError, match="No such file"):
        pare.read_metrics(tmp_path / "none")


HEADER = "path,name,method,point,seed,train.lr,params,macs_share,accuracy_final,started\n"


def test_results(tmp_path):
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "results.csv").write_text(
        HEADER + "a,1,dense,,1,0.1,100,1,0.9,2026-11-30T01:02:03Z\nb,2,target,0.5,2,0.1,,0.5,,\n")  # fmt: skip
    frame = pare.read_results(tmp_path)
    assert frame.name.tolist() == ["1", "2"] and frame.seed.dtype == "Int64" and pandas.isna(frame.params[1])
    assert frame.started.dt.year[0] == 2026 and pandas.isna(frame.started[1])
    assert frame["train.lr"].dtype == frame.point.dtype == "float64"


def test_faulty_results(tmp_path):
    with pytest.raises(pare.ModelError, match="there is no results.csv; pare sweep report .* writes it"):
        pare.read_results(tmp_path)
    (tmp_path / "results.csv").write_text("a,b\n1,2\n")
    with pytest.raises(pare.ModelError, match="it is not the table of a sweep: it has no column method"):
        pare.read_results(tmp_path / "results.csv")
