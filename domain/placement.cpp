#include "domain/placement.hpp"

namespace cued {
namespace {

/// The last step of SplitMix64: every bit of the input changes every bit of the result.
std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

std::uint64_t fnv_1a(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3;
  }
  return hash;
}

} // namespace

std::optional<std::int64_t> node_in_charge(std::string_view id, std::span<const std::int64_t> nodes) {
  const auto of_id = fnv_1a(id);
  std::optional<std::int64_t> winner;
  std::uint64_t highest = 0;
  for (const auto node : nodes) {
    const auto drawn = mixed(of_id ^ mixed(static_cast<std::uint64_t>(node)));
    if (!winner || drawn > highest || (drawn == highest && node < *winner)) {
      winner = node;
      highest = drawn;
    }
  }
  return winner;
}

} // namespace cued
