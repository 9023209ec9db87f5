// The way to a GPU and back: what is called here is CudaDevice and not the simulator's
// device, and the driver is the one of test/FakeCuda.

// DEFINE: %{chip} = 80
// DEFINE: %{sizes} = random:1x4x130x64,random:1x2x130x64,random:1x2x130x64
// DEFINE: %{run} = env LD_LIBRARY_PATH=%fake_cuda ATTN_FAKE_CUDA_CC=%{chip} attn-run %s --device=cuda --check --inputs=%{sizes}

// RUN: %{run} | FileCheck %s --check-prefixes=AMPERE,CHECK
// RUN: env ATTN_FAKE_CUDA_COUNT=3 %{run} --gpu=2 | FileCheck %s --check-prefixes=THIRD,CHECK

// Queries and keys of different lengths; strides that are not dense.
// REDEFINE: %{sizes} = random:2x70x4x64,random:2x200x2x64,random:2x200x2x64
// RUN: %{run} --layout=bshd | FileCheck %s --check-prefixes=AMPERE,CHECK

// Tensor maps, barriers, warp roles.
// REDEFINE: %{chip} = 90
// RUN: %{run} --layout=bshd | FileCheck %s --check-prefixes=HOPPER,CHECK
// REDEFINE: %{sizes} = random:1x4x130x64,random:1x2x130x64,random:1x2x130x64
// RUN: %{run} | FileCheck %s --check-prefixes=HOPPER,CHECK

// AMPERE: "chip":"sm_80","device":"Fake GPU 0"
// THIRD: "chip":"sm_80","device":"Fake GPU 2"
// HOPPER: "chip":"sm_90a","device":"Fake GPU 0"
// CHECK-SAME: "findings":0
// CHECK-SAME: "verdict":"ok"

// A kernel that does not wait for its copies: the launch is fine, what comes after says no.
// REDEFINE: %{chip} = 80
// RUN: %{run} --emit-ptx=%t.ptx > %t.json
// RUN: sed 's/cp.async.wait_group[^;]*;/cp.async.wait_group 7;/' %t.ptx > %t-wrong.ptx
// RUN: not %{run} --ptx=%t-wrong.ptx > %t.json 2> %t.err
// RUN: FileCheck %s --check-prefix=FAULT --input-file=%t.json
// RUN: FileCheck %s --check-prefix=WHY --input-file=%t.err
// FAULT: "findings":1
// FAULT-SAME: "verdict":"wrong"
// WHY: fake CUDA: kernel attention_0: {{[0-9]+}} finding(s)
// WHY: unfinished-copy: read of bytes that the cp.async of warp 0
// WHY: a launch failed on the device: CUDA_ERROR_LAUNCH_FAILED: unspecified launch failure; a kernel has died
// REDEFINE: %{chip} = 90

// What a person sees when it cannot be.
// RUN: env ATTN_FAKE_CUDA_COUNT=0 not %{run} 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: attn-run: cannot run on a GPU: no GPU: CUDA_ERROR_NO_DEVICE
// RUN: not %{run} --gpu=1 2>&1 | FileCheck %s --check-prefix=ORDINAL
// ORDINAL: attn-run: cannot run on a GPU: no GPU 1: the driver knows 1
// RUN: env ATTN_FAKE_CUDA_DRIVER=12020 not %{run} 2>&1 | FileCheck %s --check-prefix=OLD
// OLD: the driver (CUDA 12.2) does not know PTX 8.6, which came with CUDA 12.7; update the driver

func.func @attention(%q: tensor<?x4x?x64xf16>, %k: tensor<?x2x?x64xf16>,
                     %v: tensor<?x2x?x64xf16>)
    -> (tensor<?x4x?x64xf16>, tensor<?x4x?xf32>) {
  %o, %lse = attn.attention query(%q : tensor<?x4x?x64xf16>)
      key(%k : tensor<?x2x?x64xf16>) value(%v : tensor<?x2x?x64xf16>)
    mask {
    ^bb0(%b: index, %h: index, %i: index, %j: index):
      %m = attn.causal %i, %j
      attn.yield %m : i1
    }
    -> tensor<?x4x?x64xf16>, tensor<?x4x?xf32>
  return %o, %lse : tensor<?x4x?x64xf16>, tensor<?x4x?xf32>
}
