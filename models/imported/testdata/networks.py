"""Small networks as ONNX files of both exporters of PyTorch, with outputs of ONNX Runtime.

    python networks.py [NAME...]

writes NAME.script.onnx, NAME.dynamo.onnx, NAME.input.npy and NAME.output.npy beside this file.
Needs torch, onnx, onnxscript and onnxruntime.
"""

import logging
import os
import sys
import warnings

import numpy as np
import onnx
import onnxruntime
import torch
import torch.nn as nn
import torch.nn.functional as F
from onnx import TensorProto, helper, numpy_helper

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
here = os.path.dirname(os.path.abspath(__file__))


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.conv2 = nn.Conv2d(8, 8, (1, 3), padding=(0, 1), dilation=(1, 2), groups=2)
        self.bn2 = nn.BatchNorm2d(8)
        self.avgpool = nn.AvgPool2d(2, padding=1)
        self.downsample = nn.Sequential(nn.Conv2d(8, 8, 1, 2, bias=False), nn.BatchNorm2d(8))
        self.fc = nn.Linear(8 * 2 * 2, 5)

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        y = self.relu(self.bn2(self.conv2(F.pad(x, (2, 0, 0, 0)))))
        y = self.downsample(torch.cat([y[:, 4:], y[:, :4]], 1)) + self.downsample(self.bn2(x))
        return self.fc(torch.flatten(self.avgpool(y), 1))


class Mobile(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.Hardswish())
        self.depthwise = nn.Sequential(nn.Conv2d(8, 8, 5, 1, 2, groups=8, bias=False), nn.BatchNorm2d(8), nn.ReLU6())
        self.fc1 = nn.Conv2d(8, 4, 1)
        self.fc2 = nn.Conv2d(4, 8, 1)
        self.classifier = nn.Sequential(nn.Linear(8, 6), nn.Hardswish(), nn.Dropout(0.2), nn.Linear(6, 4))

    def forward(self, x):
        x = self.depthwise(self.stem(x))
        s = F.adaptive_avg_pool2d(x, 1)
        s = F.hardsigmoid(self.fc2(F.relu(self.fc1(s))))
        return self.classifier(torch.flatten(F.adaptive_avg_pool2d(x * s, 1), 1))


class Activations(nn.Module):
    def __init__(self):
        super().__init__()
        kinds = [nn.SiLU(), nn.Mish(), nn.GELU(), nn.GELU(approximate="tanh"), nn.ELU(), nn.LeakyReLU(0.2), nn.LeakyReLU(), nn.PReLU(6),
                 nn.PReLU(), nn.Softplus(), nn.Tanh(), nn.Sigmoid(), nn.Hardtanh(-0.5, 2), nn.Hardswish(), nn.Hardsigmoid(), nn.ReLU6()]
        self.layers = nn.ModuleList([nn.Sequential(nn.Linear(6, 6), k) for k in kinds])
        self.scale = nn.Parameter(torch.rand(6) + 0.5)

    def forward(self, x):
        for layer in self.layers:
            x = x + self.scale * layer(x)
        return x


class Shuffle(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1, groups=2)
        self.last = nn.Conv2d(8, 5, 1)

    def forward(self, x):
        a, b = x.chunk(2, 1)
        b = self.conv(b)
        y = torch.cat([a, b], 1)
        n, c, h, w = y.shape
        y = y.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)
        a, b = y.chunk(2, 1)
        return self.last(torch.cat([self.conv(b), a], 1)).mean([2, 3])


class Vision(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv_proj = nn.Conv2d(3, 8, 4, 4)
        self.class_token = nn.Parameter(torch.randn(1, 1, 8))
        self.pos_embedding = nn.Parameter(torch.randn(1, 10, 8))
        self.ln_1 = nn.LayerNorm(8, eps=1e-6)
        self.self_attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.ln_2 = nn.LayerNorm(8)
        self.mlp = nn.Sequential(nn.Linear(8, 12), nn.GELU(), nn.Linear(12, 8))
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        n = x.shape[0]
        x = self.conv_proj(x).flatten(2).permute(0, 2, 1)
        x = torch.cat([self.class_token.expand(n, -1, -1), x], 1) + self.pos_embedding
        y = self.ln_1(x)
        x = x + self.self_attention(y, y, y, need_weights=False)[0]
        x = x + self.mlp(self.ln_2(x))
        return self.head(x[:, 0])


class ConvNeXt(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 2, 2)
        self.dwconv = nn.Conv2d(6, 6, 7, padding=3, groups=6)
        self.norm = nn.LayerNorm(6, eps=1e-6)
        self.pw1 = nn.Linear(6, 12)
        self.pw2 = nn.Linear(12, 6)
        self.layer_scale = nn.Parameter(torch.rand(6, 1, 1))
        self.last = nn.LayerNorm(6)
        self.head = nn.Linear(6, 3)

    def forward(self, x):
        x = self.stem(x)
        y = self.dwconv(x).permute(0, 2, 3, 1)
        y = self.pw2(F.gelu(self.pw1(self.norm(y)))).permute(0, 3, 1, 2)
        x = x + self.layer_scale * y
        return self.head(self.last(x.mean([2, 3])))


class Language(nn.Module):
    """A causal transformer over tokens with RMSNorm and SwiGLU."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(11, 8)
        self.pos = nn.Parameter(torch.randn(1, 7, 8))
        self.weight1 = nn.Parameter(torch.rand(8) + 0.5)
        self.qkv = nn.Linear(8, 24, bias=False)
        self.proj = nn.Linear(8, 8)
        self.gate, self.up, self.down = nn.Linear(8, 12), nn.Linear(8, 12), nn.Linear(12, 8)
        self.norm = nn.LayerNorm(8)
        self.head = nn.Linear(8, 11, bias=False)

    def rms(self, x, weight):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5) * weight

    def forward(self, tokens):
        x = self.embed(tokens) + self.pos
        n, t, c = x.shape
        q, k, v = self.qkv(self.rms(x, self.weight1)).split(c, dim=2)
        q, k, v = [z.view(n, t, 2, c // 2).transpose(1, 2) for z in (q, k, v)]
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(y.transpose(1, 2).reshape(n, t, c))
        y = self.norm(x)
        x = x + self.down(F.silu(self.gate(y)) * self.up(y))
        return self.head(x)


class Norms(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding="same")
        self.group = nn.GroupNorm(4, 8)
        self.instance = nn.InstanceNorm2d(8, affine=True)
        self.plain = nn.InstanceNorm2d(8)

    def forward(self, x):
        return self.plain(self.instance(F.relu(self.group(self.conv(x))))).flatten(1)


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(4, 5, batch_first=True)
        self.gru = nn.GRU(5, 6, batch_first=True)
        self.fc = nn.Linear(6, 3)

    def forward(self, x):
        return self.fc(self.gru(self.lstm(x)[0])[0][:, -1])


class Elman(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(4, 6, batch_first=True, nonlinearity="relu")
        self.fc = nn.Linear(6, 3)

    def forward(self, x):
        return self.fc(self.rnn(x)[1][0])


class Upsampling(nn.Module):
    def __init__(self):
        super().__init__()
        self.up1 = nn.ConvTranspose2d(3, 8, 3, 2, 1, output_padding=1)
        self.up2 = nn.Upsample(scale_factor=2, mode="nearest")
        self.up3 = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        self.conv = nn.Conv2d(8, 8, 3, padding=1)
        self.shuffle = nn.PixelShuffle(2)

    def forward(self, x):
        x = F.relu(self.up1(x))
        return self.shuffle(self.conv(self.up2(x) + self.up3(x)))


class Sequence1d(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv1d(3, 6, 5, 2, 2)
        self.pool = nn.MaxPool1d(2)
        self.conv2 = nn.Conv1d(6, 6, 3, dilation=2, padding=2)
        self.mean = nn.AvgPool1d(2)
        self.fc = nn.Linear(6 * 4, 3)

    def forward(self, x):
        return self.fc(self.mean(self.conv2(self.pool(F.relu(self.conv1(x))))).flatten(1))


class Bidirectional(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(4, 5, num_layers=2, batch_first=True, bidirectional=True)
        self.gru = nn.GRU(10, 3, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(6, 3)

    def forward(self, x):
        y, h = self.gru(self.lstm(x)[0])
        return self.fc(y).mean(1) + self.fc(torch.cat([h[0], h[1]], 1))


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        layer = nn.TransformerEncoderLayer(8, 2, 12, batch_first=True, activation="gelu")
        self.encoder = nn.TransformerEncoder(layer, 2, nn.LayerNorm(8), enable_nested_tensor=False)
        self.fc = nn.Linear(8, 3)

    def forward(self, x):
        return self.fc(self.encoder(x)[:, 0])


class Llama(nn.Module):
    """Blocks of Llama: rotary positions, fewer heads of keys and values than of queries, RMSNorm, SwiGLU."""

    def __init__(self):
        super().__init__()
        from transformers import LlamaConfig, LlamaForCausalLM
        self.llama = LlamaForCausalLM(LlamaConfig(
            vocab_size=11, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
            max_position_embeddings=32, use_cache=False, attn_implementation="eager", tie_word_embeddings=True))

    def forward(self, tokens):
        t = tokens.shape[1]  # with a mask of its own, the model computes none from the batch
        mask = torch.full((1, 1, t, t), -1e9).triu(1)
        return self.llama(input_ids=tokens, attention_mask=mask, position_ids=torch.arange(t)[None], use_cache=False).logits


modules = {
    "bidirectional": (Bidirectional, (2, 6, 4)), "encoder": (Encoder, (2, 5, 8)), "llama": (Llama, (2, 7)),
    "residual": (Residual, (2, 3, 13, 13)), "mobile": (Mobile, (2, 3, 12, 12)), "activations": (Activations, (3, 6)),
    "shuffle": (Shuffle, (2, 8, 5, 5)), "vision": (Vision, (2, 3, 12, 12)), "convnext": (ConvNeXt, (2, 3, 10, 10)),
    "language": (Language, (2, 7)), "norms": (Norms, (2, 3, 6, 6)), "recurrent": (Recurrent, (2, 6, 4)),
    "elman": (Elman, (2, 6, 4)),
    "upsampling": (Upsampling, (2, 3, 5, 4)), "sequence1d": (Sequence1d, (2, 3, 32)),
}


def randomise(module):
    """BatchNorm's four vectors, scales and shifts as after training."""
    for m in module.modules():
        if isinstance(m, (nn.BatchNorm2d, nn.GroupNorm, nn.InstanceNorm2d, nn.LayerNorm)) and m.weight is not None:
            nn.init.uniform_(m.weight, 0.5, 1.5)
            nn.init.uniform_(m.bias, -0.5, 0.5)
        if isinstance(m, nn.BatchNorm2d):
            m.running_mean.uniform_(-0.5, 0.5)
            m.running_var.uniform_(0.5, 1.5)


def run(path, x):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: x})[0]


def write(name, x, paths):
    first = run(paths[0], x)
    for path in paths[1:]:
        if not np.allclose(run(path, x), first, rtol=1e-5, atol=1e-5):
            sys.exit(f"{path} has other outputs than {paths[0]}")
    np.save(os.path.join(here, name + ".input.npy"), x.astype(np.float32))
    np.save(os.path.join(here, name + ".output.npy"), first)


def torch_network(name):
    make, shape = modules[name]
    torch.manual_seed(20)
    module = make()
    randomise(module)
    module.eval()
    x = torch.randint(0, 11, shape) if name in ("language", "llama") else torch.randn(shape)
    script, dynamo = (os.path.join(here, f"{name}.{kind}.onnx") for kind in ("script", "dynamo"))
    opset = 14 if name in ("language", "vision") else 20 if name == "upsampling" else 12
    if name in ("vision", "convnext", "mobile", "encoder", "llama"):
        opset = 17
    torch.onnx.export(module, (x,), script, dynamo=False, opset_version=opset, input_names=["input"], output_names=["output"],
                      dynamic_axes={"input": {0: "batch"}, "output": {0: "batch"}},
                      training=torch.onnx.TrainingMode.PRESERVE if name == "residual" else torch.onnx.TrainingMode.EVAL)
    if name == "elman":  # the second exporter writes a step of an RNN for each position
        return write(name, x.numpy(), [script])
    batch = torch.export.Dim("batch")
    torch.onnx.export(module, (x,), dynamo, dynamo=True, dynamic_shapes=({0: batch},), external_data=False, verbose=False)
    model = onnx.load(dynamo)
    for node in model.graph.node:  # stack traces are most of such a file
        keep = [p for p in node.metadata_props if p.key == "pkg.torch.onnx.name_scopes"]
        del node.metadata_props[:]
        node.metadata_props.extend(keep)
    del model.graph.value_info[:]
    onnx.save(model, dynamo)
    write(name, x.numpy(), [script, dynamo])


def constant(name, array):
    return numpy_helper.from_array(np.asarray(array, np.float32), name)


def ints(name, values):
    return numpy_helper.from_array(np.asarray(values, np.int64), name)


def spelt(name, opset, shape, nodes, initializers):
    """A network that another exporter might write."""
    graph = helper.make_graph(nodes, name, [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n"] + list(shape[1:]))],
                              [helper.make_tensor_value_info("output", TensorProto.FLOAT, None)], initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=6)
    path = os.path.join(here, name + ".spelt.onnx")
    onnx.save(model, path)
    write(name, np.random.default_rng(7).standard_normal(shape).astype(np.float32), [path])


def n(op, inputs, output, **attrs):
    return helper.make_node(op, inputs.split(), [output], **attrs)


def spelt_networks():
    rng = np.random.default_rng(1)
    w = lambda *shape: rng.standard_normal(shape) / 2
    # Rows and columns first and channels last, as TensorFlow has them, and hard-swish by its parts.
    spelt("channels_last", 11, (2, 6, 8, 3), [
        n("Transpose", "input", "t0", perm=[0, 3, 1, 2]), n("Conv", "t0 w1 b1", "c1", auto_pad="SAME_UPPER", strides=[2, 2]),
        n("Transpose", "c1", "t1", perm=[0, 2, 3, 1]), n("Add", "t1 three", "a", ), n("Clip", "a zero six", "k"),
        n("Mul", "t1 k", "m"), n("Div", "m six", "h"), n("Mul", "h scale", "g"),
        n("Reshape", "g flat", "r"), n("MatMul", "r w2", "y"), n("Add", "y b2", "output")],
        [constant("w1", w(4, 3, 3, 3)), constant("b1", w(4)), constant("three", 3), constant("zero", 0), constant("six", 6),
         constant("scale", w(4)), ints("flat", [-1, 48]), constant("w2", w(48, 5)), constant("b2", w(5))])
    # Layer normalisation by its parts, and softmax attention with three projections.
    spelt("attention", 13, (2, 5, 6), [
        n("ReduceMean", "input", "mean", axes=[-1]), n("Sub", "input mean", "d"), n("Pow", "d two", "p"),
        n("ReduceMean", "p", "v", axes=[-1]), n("Add", "v eps", "ve"), n("Sqrt", "ve", "s"), n("Div", "d s", "q0"),
        n("Mul", "q0 gamma", "q1"), n("Add", "q1 beta", "x"),
        *[m for z in "qkv" for m in (n("MatMul", f"x w{z}", f"m{z}"), n("Add", f"b{z} m{z}", f"a{z}"), n("Reshape", f"a{z} heads", f"r{z}"))],
        n("Transpose", "rq", "tq", perm=[0, 2, 1, 3]), n("Transpose", "rk", "tk", perm=[0, 2, 3, 1]),
        n("Transpose", "rv", "tv", perm=[0, 2, 1, 3]), n("MatMul", "tq tk", "qk"), n("Div", "qk root", "qs"),
        n("Softmax", "qs", "pr", axis=-1), n("MatMul", "pr tv", "o"), n("Transpose", "o", "ot", perm=[0, 2, 1, 3]),
        n("Reshape", "ot units", "or"), n("MatMul", "or wo", "y"), n("Add", "y input", "z"), n("ReduceMean", "z", "output", axes=[1], keepdims=0)],
        [constant("two", 2), constant("eps", 1e-5), constant("gamma", w(6)), constant("beta", w(6)),
         *[t for z in "qkv" for t in (constant(f"w{z}", w(6, 6)), constant(f"b{z}", w(6)))],
         ints("heads", [0, 0, 2, 3]), constant("root", 1.7320508), ints("units", [0, 0, 6]), constant("wo", w(6, 6))])


if __name__ == "__main__":
    for name in sys.argv[1:] or list(modules):
        if name in modules:
            torch_network(name)
            print(name, flush=True)
    if not sys.argv[1:] or "spelt" in sys.argv[1:]:
        spelt_networks()
