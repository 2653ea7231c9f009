#include "domain/json/encoding.hpp"

#include <cstddef>
#include <cstdint>

#include "domain/json/surrogates.hpp"

namespace cued::json {
namespace {

struct encoding {
  std::size_t unit_bytes = 1;
  bool big_endian = false;
  std::size_t mark_bytes = 0; ///< of the byte order mark
};

encoding marked(std::string_view bytes) {
  using namespace std::string_view_literals;
  if (bytes.starts_with("\x00\x00\xFE\xFF"sv))
    return {4, true, 4};
  if (bytes.starts_with("\xFF\xFE\x00\x00"sv))
    return {4, false, 4};
  if (bytes.starts_with("\xFE\xFF"sv))
    return {2, true, 2};
  if (bytes.starts_with("\xFF\xFE"sv))
    return {2, false, 2};
  return {};
}

encoding told_by_zeros(std::string_view bytes) {
  if (bytes.size() >= 4) {
    if (bytes[0] == 0)
      return bytes[1] == 0 ? encoding{4, true} : encoding{2, true};
    if (bytes[1] == 0)
      return bytes[2] == 0 && bytes[3] == 0 ? encoding{4, false} : encoding{2, false};
  } else if (bytes.size() == 2 && (bytes[0] == 0) != (bytes[1] == 0)) {
    return {2, bytes[0] == 0};
  }
  return {};
}

std::uint32_t unit_at(std::string_view bytes, std::size_t at, const encoding& e) {
  std::uint32_t unit = 0;
  for (std::size_t i = 0; i < e.unit_bytes; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[at + (e.big_endian ? i : e.unit_bytes - 1 - i)]);
    unit = unit << 8 | byte;
  }
  return unit;
}

} // namespace

std::optional<std::string> from_wide_encoding(std::string_view bytes) {
  constexpr char not_utf8 = '\xFF';
  auto e = marked(bytes);
  if (e.unit_bytes == 1)
    e = told_by_zeros(bytes);
  if (e.unit_bytes == 1)
    return std::nullopt;
  bytes.remove_prefix(e.mark_bytes);

  std::string out;
  std::size_t at = 0;
  for (; at + e.unit_bytes <= bytes.size(); at += e.unit_bytes) {
    auto point = unit_at(bytes, at, e);
    if (e.unit_bytes == 2 && is_high_surrogate(point) && at + 2 * e.unit_bytes <= bytes.size()) {
      if (const auto low = unit_at(bytes, at + e.unit_bytes, e); is_low_surrogate(low)) {
        point = joined(point, low);
        at += e.unit_bytes;
      }
    }
    if (point > code_point_max || is_high_surrogate(point) || is_low_surrogate(point))
      out += not_utf8;
    else
      append_code_point(out, point);
  }
  if (at != bytes.size())
    out += not_utf8;
  return out;
}

} // namespace cued::json
