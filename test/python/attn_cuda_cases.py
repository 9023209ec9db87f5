# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The package on a CUDA driver whose GPUs are the simulator: tensors of a framework that
speaks DLPack. Run by test_attn_cuda.py with that driver on LD_LIBRARY_PATH."""
import copy
import ctypes
import functools
import gc
import unittest

import numpy as np

import attn
from attn import _arrays, _library
from test_attn import reference, tensors

driver = ctypes.CDLL("libcuda.so.1")
driver.fake_cuda_calls.restype = ctypes.c_uint64
driver.fake_cuda_findings.restype = ctypes.c_char_p
ELEMENTS = {"float16": "f16", "float32": "f32", "int32": "i32", "bool": "i1"}


class Tensor:
    """A framework's: memory of its own, strides in elements, the queue it waits for."""

    def __init__(self, array, strides=None, offset=0):
        self.memory = _arrays.DeviceArray(_library.cuda_stream(0, 0), 0,
                                          (array.size + 64,), ELEMENTS[array.dtype.name])
        host = np.ascontiguousarray(array)
        self.memory.stream.write(self.memory.address + offset, host.ctypes.data, host.nbytes)
        self.shape, self.dtype, self.offset = array.shape, array.dtype, offset
        self.strides = strides or _arrays.dense_strides(array.shape)
        self.queues = []

    def __dlpack_device__(self):
        return (2, 0)

    def __dlpack__(self, stream=None):
        self.queues.append(stream)
        rank, kind = len(self.shape), {"f": 2, "i": 0, "b": 6}[self.dtype.kind]
        managed = _arrays._DLManaged()
        self.kept = (managed, (ctypes.c_int64 * rank)(*self.shape),
                     (ctypes.c_int64 * rank)(*self.strides))
        managed.tensor = _arrays._DLTensor(
            self.memory.address, _arrays._DLDevice(2, 0), rank,
            _arrays._DLDataType(kind, self.dtype.itemsize * 8, 1), self.kept[1],
            self.kept[2], self.offset)
        return _arrays._new_capsule(ctypes.addressof(managed), b"dltensor", None)


class CudaTest(unittest.TestCase):

    def setUp(self):
        self.host = tensors()
        self.device = [Tensor(x) for x in self.host]

    def near(self, got, want):
        self.assertEqual(driver.fake_cuda_findings(), b"")
        np.testing.assert_allclose(got.astype(float), want, atol=4e-3, rtol=4e-3)

    def test_results_stay_on_the_device(self):
        out, lse = attn.flex_attention(*self.device, None,
                                       attn.causal, enable_gqa=True, return_lse=True)
        self.assertIsInstance(out, _arrays.DeviceArray)
        self.assertEqual(out.__dlpack_device__(), (2, 0))
        want = reference(*self.host, mask=lambda b, h, i, j: j <= i)
        self.near(out.numpy(), want[0])
        self.near(lse.numpy(), want[1])

    def test_target_is_the_devices(self):
        compiled = attn.compile()
        compiled(*self.device)
        self.assertIn(".target sm_90a", compiled.ptx)

    def test_captures_on_the_device(self):
        bias = np.random.default_rng(1).standard_normal((4, 33)).astype(np.float32)
        keep = np.arange(33) % 3 > 0
        table, kept = Tensor(bias), Tensor(keep)
        out = attn.flex_attention(
            *self.device, lambda s, b, h, i, j: s + table[h, j],
            lambda b, h, i, j: kept[j], enable_gqa=True)
        self.near(out.numpy(), reference(
            *self.host, lambda s, b, h, i, j: s + bias[h, j],
            lambda b, h, i, j: keep[j])[0])

    def test_strides(self):
        swapped = [Tensor(x.transpose(0, 2, 1, 3)) for x in self.host]
        for tensor, x in zip(swapped, self.host):
            b, h, s, d = x.shape
            tensor.shape, tensor.strides = x.shape, (h * s * d, d, h * d, 1)
        out = attn.flex_attention(*swapped, enable_gqa=True)
        self.near(out.numpy(), reference(*self.host)[0])

    def test_latent(self):
        """The value is a view of the key; the heads of the query are rows of a tile."""
        host = np.random.default_rng(2).standard_normal((1, 1, 40, 96)).astype(np.float16)
        key, query = Tensor(host), self.host[0][:, :, :1].repeat(3, 3)
        value = copy.copy(key)
        value.shape = host.shape[:3] + (64,)
        before = driver.fake_cuda_calls(b"launch")
        out, lse = attn.flex_attention(Tensor(query), key, value, enable_gqa=True,
                                       return_lse=True)
        self.assertEqual(driver.fake_cuda_calls(b"launch"), before + 1)
        want = reference(query, host, host[..., :64])
        self.near(out.numpy(), want[0])
        self.near(lse.numpy(), want[1])

    def test_queue(self):
        device, context, queue = ctypes.c_int(), ctypes.c_void_p(), ctypes.c_void_p()
        for code in (driver.cuDeviceGet(ctypes.byref(device), 0),
                     driver.cuDevicePrimaryCtxRetain(ctypes.byref(context), device),
                     driver.cuCtxPushCurrent_v2(context),
                     driver.cuStreamCreate(ctypes.byref(queue), 1),
                     driver.cuCtxPopCurrent_v2(ctypes.byref(context))):
            self.assertEqual(code, 0)
        out = attn.compile()(*self.device, stream=queue.value)
        self.assertEqual(self.device[0].queues[-1], queue.value)
        self.near(out.numpy(), reference(*self.host)[0])
        attn.compile()(*self.device)
        self.assertEqual(self.device[0].queues[-1], 1)  # DLPack's name of the default one

    def test_lends_results(self):
        out = attn.flex_attention(*self.device, enable_gqa=True)
        again = attn.flex_attention(out, self.device[1], self.device[2], enable_gqa=True)
        first = reference(*self.host)[0].astype(np.float16)
        self.near(again.numpy(), reference(first, *self.host[1:])[0])
        del out, again
        gc.collect()
        self.assertEqual(_arrays._Lent.alive, {})

    def refused(self, message, function, *arguments, **options):
        """Nothing has been launched."""
        before = driver.fake_cuda_calls(b"launch")
        with self.assertRaisesRegex(attn.ArgumentError, message):
            function(*arguments, **options)
        self.assertEqual(driver.fake_cuda_calls(b"launch"), before)

    def test_refuses_other_devices(self):
        flex = functools.partial(attn.flex_attention, enable_gqa=True)
        q, k, v = self.device
        self.refused("key: device: expected cuda:0 as for query, but got cpu", flex, q,
                     self.host[1], v)
        bias = np.zeros(64, np.float32)
        self.refused("captured tensor 'bias': device: expected cuda:0", flex, q, k, v,
                     lambda s, b, h, i, j: s + bias[j])

    def test_refuses_what_is_elsewhere(self):
        """Other GPUs, and everything beside query, key and value on the CPU."""
        class Second(Tensor):
            def __dlpack_device__(self):
                return (2, 1)

        q, k, v = self.device
        flex = functools.partial(attn.flex_attention, q, enable_gqa=True)
        second = Second(self.host[1])
        self.refused("key: device: expected cuda:0 as for query, but got cuda:1", flex, second, v)
        self.refused("value: device: expected cuda:0 as for query, but got cuda:1", flex, k,
                     second)
        keep = Second(np.ones(33, bool))
        self.refused("captured tensor 'keep': device: expected cuda:0.*got cuda:1", flex, k, v,
                     None, lambda b, h, i, j: keep[j])
        self.refused("captured tensor 'attn_mask': device: expected cuda:0.*got cpu",
                     attn.scaled_dot_product_attention, q, k, v, np.ones((20, 33), bool),
                     enable_gqa=True)
        self.refused("captured tensor 'key_ids': device|captured tensor 'query_ids': device",
                     flex, k, v, None, attn.same_document(np.zeros(33, np.int32)))
        self.refused("positions: device: expected cuda:0 as for x, but got cpu", attn.apply_rotary, q,
                     positions=np.zeros(20, np.int32))
        table = np.zeros((20, 16), np.float32)
        self.refused("cos: device", attn.apply_rotary, q, cos=table, sin=table)
        self.refused("lam: device: expected cuda:0 as for query0, but got cpu", attn.differential_attention, q, k, q, k, v,
                     np.zeros(4, np.float32))
        self.refused("weight: device", attn.differential_attention, q, k, q, k, v, 0.5,
                     norm_epsilon=1e-5, weight=np.zeros(32, np.float32))
        self.refused("key1: device", attn.differential_attention, q, k, q, self.host[1], v, 0.5)

    def test_refuses_layouts(self):
        flex = functools.partial(attn.flex_attention, enable_gqa=True)
        q, k, v = self.device
        wide = Tensor(np.zeros((1, 2, 33, 40), np.float16))
        wide.shape, wide.strides = (1, 2, 33, 32), (33 * 35 * 2, 33 * 35, 35, 1)
        self.refused("stride of dimension . of key", flex, q, wide, v)
        wide.strides = (2 * 33 * 32, 33 * 32, 1, 33)
        self.refused("stride.*key", flex, q, wide, v)
        self.refused("key.*expected 0, but got 2", flex, q, Tensor(self.host[1], offset=2), v)

    def test_launches_are_counted(self):
        before = driver.fake_cuda_calls(b"launch")
        attn.flex_attention(*self.device, enable_gqa=True)
        self.assertGreater(driver.fake_cuda_calls(b"launch"), before)

    def test_rotary(self):
        x = self.device[0]
        out = attn.apply_rotary(x, offset=0, base=100.0)
        self.near(out.numpy()[:, :, 0], self.host[0][:, :, 0].astype(float))


if __name__ == "__main__":
    unittest.main()
