//===- LiveTilesTest.cpp - lists of tiles, as kernels make them -----------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Conversion/LiveTiles.h"
#include "Walk.h"
#include "attn/JIT/Engine.h"
#include "attn/Pipelines/Pipelines.h"
#include "attn/Pipelines/Registration.h"
#include "attn/Runtime/SimDevice.h"
#include "attn/Runtime/Stream.h"
#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Pass/PassManager.h"
#include "gmock/gmock.h"
#include <deque>

using namespace mlir;
using namespace mlir::attn;
using ::attn::runtime::Status;

namespace {
/// Runs the kernels that list the tiles of a mask on the simulator.
class LiveTilesTest : public WalkTest,
                      public testing::WithParamInterface<NamedMask> {
protected:
  LiveTilesTest() {
    DialectRegistry registry;
    ::attn::registerAllDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
  }

  static constexpr int64_t kM = 64, kN = 96;

  /// The function with the launches in place of the op; the lists are its last
  /// argument.
  std::unique_ptr<::attn::jit::Engine> compile(Axis walked) {
    OwningOpRef<ModuleOp> program(module->clone());
    auto func = *program->getOps<func::FuncOp>().begin();
    AttentionOp op;
    func.walk([&](AttentionOp found) { op = found; });
    auto schedule = cast<tile::ScheduleAttr>(parseAttribute(
        "#tile.schedule<m = 64, n = 96, warps = 4, stages = 1>", &context));
    OpBuilder b(func);
    auto kernels = gpu::GPUModuleOp::create(b, func.getLoc(), "f_kernels");
    program->getOperation()->setAttr(
        gpu::GPUDialect::getContainerModuleAttrName(), b.getUnitAttr());
    Value lists = buildLiveTiles(cast<AttentionOpInterface>(op.getOperation()),
                                 schedule, kernels, "f_0", walked);
    (void)func.insertArgument(func.getNumArguments(), lists.getType(), {},
                              func.getLoc());
    lists.replaceAllUsesWith(func.getArguments().back());
    auto view = lists.getDefiningOp<memref::ViewOp>();
    Operation *workspace = view.getSource().getDefiningOp();
    view.erase();
    workspace->erase();
    op.erase();
    // As attn-to-tile does: all memory is taken before the first launch.
    SmallVector<gpu::LaunchFuncOp> launches(func.getOps<gpu::LaunchFuncOp>());
    for (gpu::LaunchFuncOp launch : launches)
      launch->moveBefore(func.getBody().front().getTerminator());

    PassManager manager(&context);
    ::attn::CompileOptions options;
    ::attn::buildSchedulePipeline(manager, options);
    ::attn::buildKernelPipeline(manager, options);
    ::attn::buildHostPipeline(manager, options);
    if (failed(manager.run(*program)))
      return nullptr;
    auto engine = ::attn::jit::Engine::create(*program);
    if (engine)
      return std::move(*engine);
    ADD_FAILURE() << llvm::toString(engine.takeError());
    return nullptr;
  }

  static void expectOk(const Status &status) {
    EXPECT_TRUE(status.ok()) << status.message;
  }

  uint64_t allocate(size_t bytes, const void *from = nullptr) {
    uint64_t address = 0;
    expectOk(device->allocate(bytes, "buffer", address));
    if (from)
      expectOk(device->copyToDevice(address, from, bytes));
    return address;
  }

  /// A table of the interpreter with elements of this type.
  uint64_t upload(const Table &table, Type element) {
    std::vector<char> bytes;
    int64_t size = element.isInteger(1) ? 1 : element.isInteger(32) ? 4 : 8;
    for (Scalar scalar : table.elements) {
      const char *first = reinterpret_cast<const char *>(&scalar.integer);
      bytes.insert(bytes.end(), first, first + size);
    }
    return allocate(bytes.size(), bytes.data());
  }

  /// The words that a host function takes: descriptors and scalars.
  class Arguments {
  public:
    void addWord(uint64_t word) { packed.push_back(&words.emplace_back(word)); }
    void addMemref(uint64_t address, ArrayRef<int64_t> shape) {
      auto &words = descriptors.emplace_back();
      words = {int64_t(address), int64_t(address), 0};
      words.insert(words.end(), shape.begin(), shape.end());
      std::vector<int64_t> strides(shape.size(), 1);
      for (size_t d = shape.size() - 1; d > 0; --d)
        strides[d - 1] = strides[d] * shape[d];
      words.insert(words.end(), strides.begin(), strides.end());
      addWord(reinterpret_cast<uintptr_t>(words.data()));
    }
    std::vector<void *> packed;

  private:
    std::deque<uint64_t> words;
    std::deque<std::vector<int64_t>> descriptors;
  };

  /// All lists, one after the other.
  std::vector<int32_t> makeLists(Axis walked, int64_t queries, int64_t keys,
                                 int64_t blocks, int64_t tiles) {
    auto engine = compile(walked);
    std::vector<int32_t> lists(blocks * (kFirstTile + tiles));
    if (!engine)
      return {};
    device = std::make_shared<::attn::runtime::SimDevice>();
    // Places that the kernel leaves alone would be refused when read.
    uint64_t address = allocate(lists.size() * 4, lists.data());
    Arguments arguments;
    arguments.addMemref(0, {1, 1, queries, 16});
    for (BlockArgument argument :
         function.getArguments().slice(1, function.getNumArguments() - 2)) {
      auto type = dyn_cast<MemRefType>(argument.getType());
      const Table *table = type ? interpreter.findTable(argument) : nullptr;
      if (!type)
        arguments.addWord(argument == function.getArgument(1) ? 100 : 0);
      else
        arguments.addMemref(table ? upload(*table, type.getElementType()) : 0,
                            table ? table->shape
                                  : std::vector<int64_t>(type.getRank(), 1));
    }
    arguments.addMemref(0, {1, 1, keys, 16});
    arguments.addMemref(address, {1, 1, blocks, kFirstTile + tiles});
    auto stream = ::attn::runtime::createStream(device);
    arguments.addWord(reinterpret_cast<uintptr_t>(stream.get()));
    auto call = [&] {
      int32_t status = 0;
      arguments.packed.push_back(&status);
      llvm::Error error = engine->invoke("f", arguments.packed);
      arguments.packed.pop_back();
      EXPECT_FALSE(error);
      EXPECT_EQ(status, ATTN_RT_SUCCESS) << attn_rt_last_error();
    };
    ::attn::runtime::beginMeasuring(stream.get());
    call();
    uint64_t bytes = ::attn::runtime::endMeasuring(stream.get());
    ::attn::runtime::setWorkspace(stream.get(), allocate(bytes), bytes);
    call();
    expectOk(device->copyFromDevice(lists.data(), address, lists.size() * 4));
    return lists;
  }

  std::shared_ptr<::attn::runtime::SimDevice> device;
};
} // namespace

/// A list has the tiles that the analysis finds, partial ones first, each part
/// from the last to the first; over all blocks they are the ones that are not
/// empty.
TEST_P(LiveTilesTest, ListsAreThoseOfTheAnalysis) {
  constexpr int64_t kLength = 512;
  ASSERT_NO_FATAL_FAILURE(parse(GetParam().body));
  fillNamedCaptures(kLength);
  for (auto [queries, keys] : {std::pair(512, 300), {300, 512}}) {
    TileClasses classes = classify(queries, keys, kM, kN);
    for (Axis walked : {Axis::Query, Axis::Key}) {
      bool isByKey = walked == Axis::Key;
      int64_t blocks = isByKey ? classes.rows : classes.columns,
              tiles = isByKey ? classes.columns : classes.rows;
      std::vector<int32_t> lists =
          makeLists(walked, queries, keys, blocks, tiles);
      ASSERT_FALSE(HasFailure());
      Walk wanted = walkList(walked, classes, kM, kN);
      int64_t visited = 0;
      for (int64_t block = 0; block < blocks; ++block) {
        std::vector<int32_t> partial, full;
        for (int64_t tile = tiles; tile-- > 0;) {
          int64_t place = isByKey ? block * classes.columns + tile
                                  : tile * classes.columns + block;
          if (wanted.visited[place])
            (wanted.unmasked[place] ? full : partial).push_back(tile);
        }
        const int32_t *list = &lists[block * (kFirstTile + tiles)];
        EXPECT_EQ(list[kPartialTiles], int64_t(partial.size()));
        partial.insert(partial.end(), full.begin(), full.end());
        visited += list[kLiveTiles];
        EXPECT_THAT(std::vector<int32_t>(list + kFirstTile,
                                         list + kFirstTile + list[kLiveTiles]),
                    testing::ElementsAreArray(partial))
            << "block " << block << " of a walk along the "
            << (isByKey ? "keys" : "queries");
      }
      EXPECT_LE(visited, countLive(classes) + GetParam().inexact);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Masks, LiveTilesTest, testing::ValuesIn(namedMasks()),
                         [](const auto &info) { return info.param.name; });
