"""Prints the scalars of an event folder as TensorBoard reads them."""
import json
import sys

from tensorboard.backend.event_processing import event_accumulator

acc = event_accumulator.EventAccumulator(sys.argv[1])
acc.Reload()
out = {}
for tag in acc.Tags()["scalars"]:
    out[tag] = [[e.step, e.value, e.wall_time] for e in acc.Scalars(tag)]
# Tags that were upgraded to tensors on reading.
for tag in acc.Tags()["tensors"]:
    out[tag] = [[e.step, e.tensor_proto.float_val[0], e.wall_time] for e in acc.Tensors(tag)]
print(json.dumps(out))
