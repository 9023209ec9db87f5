//===- NpyFile.cpp - reading and writing .npy files -----------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "NpyFile.h"
#include "OutputFile.h"
#include "attn/Runtime/HalfFloat.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/raw_ostream.h"
#include <cstring>

using namespace attn::run;
using llvm::createStringError;
using llvm::StringRef;

static constexpr StringRef magic("\x93NUMPY", 6);

/// The header is a Python dictionary on one line. Takes the value of `key` up
/// to the comma or brace that ends it; parentheses may hold commas.
static llvm::Expected<StringRef> dictionaryValue(StringRef header,
                                                 StringRef key) {
  size_t at = header.find(("'" + key + "'").str());
  if (at == StringRef::npos)
    return createStringError("expected '" + key + "' in the header");
  StringRef rest = header.drop_front(at + key.size() + 2).ltrim();
  if (!rest.consume_front(":"))
    return createStringError("expected ':' after '" + key + "' in the header");
  rest = rest.ltrim();
  size_t end =
      rest.starts_with("(") ? rest.find(')') : rest.find_first_of(",}");
  if (end == StringRef::npos)
    return createStringError("expected an end of '" + key + "' in the header");
  return rest.take_front(rest.starts_with("(") ? end + 1 : end).rtrim();
}

llvm::Error NpyFile::parseType(StringRef text) {
  if (text.size() < 2 || text.front() != '\'' || text.back() != '\'')
    return createStringError("expected a plain element type, but got " + text);
  StringRef name = text.drop_front().drop_back();
  auto unsupported = [&] {
    return createStringError(
        "expected little-endian float16, float32, float64, int8, int32, int64, "
        "uint8 or bool elements, but got '" +
        name + "'");
  };
  if (name.size() != 3 || (name[0] != '<' && name[0] != '|'))
    return unsupported();
  const StringRef known[] = {"f2", "f4", "f8", "i1", "i4", "i8", "u1", "b1"};
  if (!llvm::is_contained(known, name.drop_front()))
    return unsupported();
  kind = name[1];
  bytes = name[2] - '0';
  if (name[0] == '|' && bytes != 1)
    return unsupported();
  return llvm::Error::success();
}

llvm::Error NpyFile::parseShape(StringRef text) {
  if (!text.consume_front("(") || !text.consume_back(")"))
    return createStringError("expected a shape, but got " + text);
  llvm::SmallVector<StringRef> parts;
  text.split(parts, ',');
  for (auto [i, part] : llvm::enumerate(parts)) {
    int64_t size;
    // "()" and "(3,)" have an empty last part.
    if (part.trim().empty() && i + 1 == parts.size())
      break;
    if (part.trim().getAsInteger(10, size) || size < 0)
      return createStringError("expected a shape, but got (" + text + ")");
    dims.push_back(size);
  }
  auto total = elementCount(dims);
  if (!total)
    return total.takeError();
  count = *total;
  return llvm::Error::success();
}

llvm::Error NpyFile::parseHeader(StringRef header) {
  // Messages quote from the header, so it has to be one line of text.
  if (!llvm::all_of(header.rtrim(), llvm::isPrint))
    return createStringError("expected a header of printable characters");
  auto type = dictionaryValue(header, "descr");
  if (!type)
    return type.takeError();
  if (llvm::Error error = parseType(*type))
    return error;
  auto order = dictionaryValue(header, "fortran_order");
  if (!order)
    return order.takeError();
  if (*order == "True")
    return createStringError("expected C order, but got Fortran order");
  if (*order != "False")
    return createStringError("expected True or False for 'fortran_order', but "
                             "got " +
                             *order);
  auto shape = dictionaryValue(header, "shape");
  if (!shape)
    return shape.takeError();
  return parseShape(*shape);
}

llvm::Error NpyFile::parse(StringRef path) {
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                          /*RequiresNullTerminator=*/false);
  if (!file)
    return createStringError("cannot read it: " + file.getError().message());
  buffer = std::move(*file);
  StringRef rest = buffer->getBuffer();
  if (!rest.consume_front(magic))
    return createStringError("expected an .npy file, but it does not begin "
                             "with \\x93NUMPY");
  if (rest.size() < 6)
    return createStringError("the file is truncated in its header");
  const unsigned major = static_cast<unsigned char>(rest[0]);
  if (major != 1 && major != 2)
    return createStringError("expected version 1 or 2 of the .npy format, but "
                             "got " +
                             llvm::Twine(major));
  rest = rest.drop_front(2);
  const size_t length = major == 1
                            ? llvm::support::endian::read16le(rest.data())
                            : llvm::support::endian::read32le(rest.data());
  rest = rest.drop_front(major == 1 ? 2 : 4);
  if (rest.size() < length)
    return createStringError("the file is truncated in its header");
  if (llvm::Error error = parseHeader(rest.take_front(length)))
    return error;
  rest = rest.drop_front(length);
  const uint64_t expected = static_cast<uint64_t>(count) * bytes;
  if (rest.size() != expected)
    return createStringError(
        llvm::Twine(rest.size() < expected ? "the file is truncated: " : "") +
        "expected " + llvm::Twine(expected) + " bytes of data for shape " +
        shapeText(dims) + " of " + dtype() + ", but got " +
        llvm::Twine(rest.size()));
  elements = rest.data();
  return llvm::Error::success();
}

llvm::Expected<NpyFile> NpyFile::open(StringRef path) {
  NpyFile file;
  if (llvm::Error error = file.parse(path))
    return createStringError(path + ": " + llvm::toString(std::move(error)));
  return file;
}

std::string NpyFile::dtype() const {
  if (kind == 'b')
    return "bool";
  const char *name = kind == 'f' ? "float" : kind == 'i' ? "int" : "uint";
  return name + std::to_string(8 * bytes);
}

template <typename T> static T element(const char *elements, int64_t i) {
  T value;
  std::memcpy(&value, elements + i * sizeof(T), sizeof(T));
  return value;
}

double NpyFile::real(int64_t i) const {
  switch (bytes) {
  case 2:
    return runtime::halfToFloat(element<uint16_t>(elements, i));
  case 4:
    return element<float>(elements, i);
  default:
    return element<double>(elements, i);
  }
}

int64_t NpyFile::integer(int64_t i) const {
  switch (bytes) {
  case 1:
    return kind == 'i' ? element<int8_t>(elements, i)
                       : element<uint8_t>(elements, i);
  case 4:
    return element<int32_t>(elements, i);
  default:
    return element<int64_t>(elements, i);
  }
}

llvm::Error attn::run::writeNpy(StringRef path, const TensorData &tensor) {
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (";
  for (int64_t size : tensor.shape())
    header += std::to_string(size) + ",";
  header += "), }";
  // Magic, version and length take 10 bytes; the data begins at a multiple
  // of 64.
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  return writeFile(path, [&](llvm::raw_ostream &stream) {
    stream << magic << '\1' << '\0' << static_cast<char>(header.size() & 0xff)
           << static_cast<char>(header.size() >> 8) << header;
    for (int64_t i = 0; i < tensor.size(); ++i) {
      const float value = static_cast<float>(tensor.get(i));
      stream.write(reinterpret_cast<const char *>(&value), sizeof(value));
    }
  });
}
