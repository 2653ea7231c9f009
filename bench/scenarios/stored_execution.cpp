#include "bench/scenarios/stored_execution.hpp"

namespace cued::bench {
namespace {

constexpr std::size_t id_length = 36;
constexpr std::string_view cue_prefix = "cue_";
constexpr std::size_t cue_letters = 12;
constexpr std::string_view digits = "0123456789abcdefghijklmnopqrstuvwxyz"; // in the order of their codes

bool dash_comes_before(std::size_t byte) { return byte == 4 || byte == 6 || byte == 8 || byte == 10; }

int value_of(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'z')
    return c - 'a' + 10;
  return -1;
}

} // namespace

std::optional<execution_key> read_execution_key(std::string_view text) {
  if (text.size() != id_length)
    return std::nullopt;
  execution_key key;
  std::size_t at = 0;
  for (std::size_t i = 0; i < key.bytes.size(); ++i) {
    if (dash_comes_before(i) && text[at++] != '-')
      return std::nullopt;
    const int high = value_of(text[at]), low = value_of(text[at + 1]);
    if (high < 0 || high > 15 || low < 0 || low > 15)
      return std::nullopt;
    key.bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
    at += 2;
  }
  return key;
}

void write_execution_key(const execution_key& key, char* out) {
  for (std::size_t i = 0; i < key.bytes.size(); ++i) {
    if (dash_comes_before(i))
      *out++ = '-';
    *out++ = digits[key.bytes[i] >> 4];
    *out++ = digits[key.bytes[i] & 15];
  }
}

std::string text_of(const execution_key& key) {
  std::string text(id_length, ' ');
  write_execution_key(key, text.data());
  return text;
}

std::uint64_t read_cue_key(std::string_view text) {
  if (text.size() != cue_prefix.size() + cue_letters || !text.starts_with(cue_prefix))
    return 0;
  std::uint64_t key = 1; // 36^12 * 2 is below 2^64
  for (const char c : text.substr(cue_prefix.size())) {
    const int value = value_of(c);
    if (value < 0)
      return 0;
    key = key * digits.size() + static_cast<std::uint64_t>(value);
  }
  return key;
}

std::string text_of_cue(std::uint64_t key) {
  std::string text{cue_prefix};
  text.resize(cue_prefix.size() + cue_letters);
  for (std::size_t i = text.size(); i-- > cue_prefix.size(); key /= digits.size())
    text[i] = digits[key % digits.size()];
  return text;
}

} // namespace cued::bench
