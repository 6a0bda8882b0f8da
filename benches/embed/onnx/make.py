"""a model's folder → the same model as ONNX, in fp32 and in int8, as the peers read it

    make.py MODEL_FOLDER GOLDEN_FOLDER OUT_FOLDER

The graph is written by hand, node for node as PyTorch's exporter writes BERT (opset 17), so that no PyTorch is needed;
then ONNX Runtime's own tools do what is done for published models: its transformer optimiser fuses (attention, GELU,
layer norm), `quantize_dynamic` makes int8 of the weights, per tensor and per channel. Both the plain and the fused
graph are kept: which is faster in the browser is for the benchmark to find. Two outputs: `last_hidden_state`, which
transformers.js pools by itself, and `sentence_embedding`, pooled and normalised within the graph.

The fp32 graphs are held against the golden vectors before anything is written: the peer must compute the same thing.
"""

import json
import struct
import sys
from pathlib import Path

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers import optimizer
from tokenizers import Tokenizer

OPSET = 17
LARGEST_DIFFERENCE = 2e-6  # of a component of a vector of length one


def read_safetensors(path):
    data = path.read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + size])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        kind = {"F32": numpy.float32, "I64": numpy.int64}[entry["dtype"]]
        tensors[name] = numpy.frombuffer(data[8 + size + begin : 8 + size + end], kind).reshape(entry["shape"])
    return tensors


class Graph:
    """Nodes and constants, in order; every method gives the name of what it computes."""

    def __init__(self, weights):
        self.weights = weights
        self.nodes, self.constants = [], {}

    def constant(self, name, value):
        self.constants[name] = numpy_helper.from_array(numpy.ascontiguousarray(value), name)
        return name

    def op(self, kind, *inputs, **attributes):
        name = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=f"node_{name}", **attributes))
        return name

    def scalar(self, value):
        return self.constant(f"scalar_{value}", numpy.array(value, numpy.float32))

    def ints(self, *values):
        return self.constant("ints_" + "_".join(map(str, values)), numpy.array(values, numpy.int64))

    def weight(self, name):
        return self.constant(name, self.weights[name])

    def linear(self, prefix, x):
        weight = self.constant(f"{prefix}.weight.T", self.weights[f"{prefix}.weight"].T)
        return self.op("Add", self.weight(f"{prefix}.bias"), self.op("MatMul", x, weight))

    def norm(self, prefix, x, epsilon):
        scale, bias = self.weight(f"{prefix}.weight"), self.weight(f"{prefix}.bias")
        return self.op("LayerNormalization", x, scale, bias, axis=-1, epsilon=epsilon)

    def gelu(self, x):
        error = self.op("Erf", self.op("Div", x, self.scalar(2.0**0.5)))
        return self.op("Mul", self.op("Mul", x, self.op("Add", error, self.scalar(1.0))), self.scalar(0.5))


def build(weights, config):
    heads, hidden = config["num_attention_heads"], config["hidden_size"]
    size, epsilon = hidden // heads, config["layer_norm_eps"]
    graph = Graph(weights)

    embeddings = "embeddings."
    word = graph.op("Gather", graph.weight(embeddings + "word_embeddings.weight"), "input_ids")
    kind = graph.op("Gather", graph.weight(embeddings + "token_type_embeddings.weight"), "token_type_ids")
    length = graph.op("Shape", "input_ids", start=1, end=2)
    places = numpy.arange(config["max_position_embeddings"], dtype=numpy.int64)[None]
    places = graph.op("Slice", graph.constant("position_ids", places), graph.ints(0), length, graph.ints(1))
    position = graph.op("Gather", graph.weight(embeddings + "position_embeddings.weight"), places)
    x = graph.op("Add", graph.op("Add", word, kind), position)
    x = graph.norm(embeddings + "LayerNorm", x, epsilon)

    mask = graph.op("Unsqueeze", graph.op("Unsqueeze", "attention_mask", graph.ints(1)), graph.ints(2))
    mask = graph.op("Sub", graph.scalar(1.0), graph.op("Cast", mask, to=TensorProto.FLOAT))
    mask = graph.op("Mul", mask, graph.scalar(float(numpy.finfo(numpy.float32).min)))

    def split(name, x, order):
        x = graph.op("Reshape", graph.linear(name, x), graph.ints(0, 0, heads, size))
        return graph.op("Transpose", x, perm=order)

    for layer in range(config["num_hidden_layers"]):
        prefix = f"encoder.layer.{layer}."
        own = prefix + "attention.self."
        query = split(own + "query", x, [0, 2, 1, 3])
        key = split(own + "key", x, [0, 2, 3, 1])
        value = split(own + "value", x, [0, 2, 1, 3])
        scores = graph.op("Div", graph.op("MatMul", query, key), graph.scalar(float(size) ** 0.5))
        shares = graph.op("Softmax", graph.op("Add", scores, mask), axis=-1)
        mixed = graph.op("Transpose", graph.op("MatMul", shares, value), perm=[0, 2, 1, 3])
        mixed = graph.op("Reshape", mixed, graph.ints(0, 0, hidden))
        mixed = graph.linear(prefix + "attention.output.dense", mixed)
        x = graph.norm(prefix + "attention.output.LayerNorm", graph.op("Add", mixed, x), epsilon)
        wide = graph.gelu(graph.linear(prefix + "intermediate.dense", x))
        narrow = graph.linear(prefix + "output.dense", wide)
        x = graph.norm(prefix + "output.LayerNorm", graph.op("Add", narrow, x), epsilon)
    graph.nodes.append(helper.make_node("Identity", [x], ["last_hidden_state"], name="node_states"))

    tokens = graph.op("Unsqueeze", graph.op("Cast", "attention_mask", to=TensorProto.FLOAT), graph.ints(2))
    total = graph.op("ReduceSum", graph.op("Mul", "last_hidden_state", tokens), graph.ints(1), keepdims=0)
    mean = graph.op("Div", total, graph.op("ReduceSum", tokens, graph.ints(1), keepdims=0))
    norm = graph.op("ReduceL2", mean, axes=[1], keepdims=1)
    graph.nodes.append(helper.make_node("Div", [mean, norm], ["sentence_embedding"], name="node_embedding"))

    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])
        for name in ("input_ids", "attention_mask", "token_type_ids")
    ]
    outputs = [
        helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["batch", "tokens", hidden]),
        helper.make_tensor_value_info("sentence_embedding", TensorProto.FLOAT, ["batch", hidden]),
    ]
    whole = helper.make_graph(graph.nodes, "bert", inputs, outputs, list(graph.constants.values()))
    model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def fuse(path, out, config):
    heads, hidden = config["num_attention_heads"], config["hidden_size"]
    fused = optimizer.optimize_model(str(path), model_type="bert", num_heads=heads, hidden_size=hidden, opt_level=0)
    counts = fused.get_fused_operator_statistics()
    layers = config["num_hidden_layers"]
    for kind, least in (("Attention", layers), ("BiasGelu", layers), ("SkipLayerNormalization", 2 * layers)):
        assert counts.get(kind, 0) >= least, f"the optimiser fused only {counts}"
    fused.save_model_to_file(str(out))


def largest_difference(path, golden, texts):
    """Each golden text's tokens, alone, against what sentence-transformers makes of them."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    worst = 0.0
    for row, tokens in zip(golden, texts):
        ids = numpy.array([tokens], numpy.int64)
        feeds = {"input_ids": ids, "attention_mask": numpy.ones_like(ids), "token_type_ids": numpy.zeros_like(ids)}
        worst = max(worst, float(numpy.abs(session.run(["sentence_embedding"], feeds)[0][0] - row).max()))
    return worst


def main():
    model_folder, golden_folder, out = map(Path, sys.argv[1:])
    config = json.loads((model_folder / "config.json").read_text())
    out.mkdir(parents=True, exist_ok=True)
    plain, fused = out / "plain-fp32.onnx", out / "fused-fp32.onnx"
    onnx.save(build(read_safetensors(model_folder / "model.safetensors"), config), plain)
    fuse(plain, fused, config)

    tokenizer = Tokenizer.from_file(str(model_folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(json.loads((model_folder / "sentence_bert_config.json").read_text())["max_seq_length"])
    texts = [item["text"] for item in json.loads((golden_folder / "texts.json").read_text(encoding="utf-8"))]
    golden = numpy.frombuffer((golden_folder / "minilm.f32").read_bytes(), "<f4").reshape(len(texts), -1)
    ids = [tokenizer.encode(text).ids for text in texts]
    for path in (plain, fused):
        worst = largest_difference(path, golden, ids)
        print(f"{path.name}: {len(texts)} golden texts, largest difference {worst:.1e}", flush=True)
        assert worst <= LARGEST_DIFFERENCE, f"{path.name} does not compute what sentence-transformers does"

    for path in (plain, fused):
        for per_channel, name in ((True, "int8-per-channel"), (False, "int8-per-tensor")):
            target = out / f"{path.stem.split('-')[0]}-{name}.onnx"
            # The tool cannot infer the types of the fused operators' outputs by itself.
            options = {"DefaultTensorType": TensorProto.FLOAT}
            kind = QuantType.QInt8
            quantize_dynamic(str(path), str(target), per_channel=per_channel, weight_type=kind, extra_options=options)
            kinds = {}
            for node in onnx.load(target).graph.node:
                kinds[node.op_type] = kinds.get(node.op_type, 0) + 1
            print(target.name, target.stat().st_size, {k: v for k, v in kinds.items() if v > 2}, flush=True)


main()
