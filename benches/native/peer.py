"""ONNX Runtime as a peer: reads a line of token ids as JSON, then embeds them once for every further line.

    peer.py MODEL.onnx THREADS

The texts are of one length, so nothing is padded. Answers the first line with the number of texts, every other one with
the first text's vector.
"""
import json
import sys

import numpy
import onnxruntime

model, threads = sys.argv[1:]
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = int(threads)
session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
inputs = [each.name for each in session.get_inputs()]

ids = numpy.array(json.loads(sys.stdin.readline()), dtype=numpy.int64)
values = {"input_ids": ids, "attention_mask": numpy.ones_like(ids), "token_type_ids": numpy.zeros_like(ids)}
values = {name: values[name] for name in inputs}
print(len(ids), flush=True)
for _ in sys.stdin:
    (vectors,) = session.run(["sentence_embedding"], values)
    print(json.dumps(vectors[0].tolist()), flush=True)
