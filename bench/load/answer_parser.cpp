#include "bench/load/answer_parser.hpp"

#include <charconv>

namespace cued::bench {
namespace {

constexpr std::size_t head_bytes_at_most = 64 * 1024;
constexpr std::size_t body_bytes_at_most = 64 * 1024 * 1024;

bool same_word(std::string_view text, std::string_view lower_case) {
  if (text.size() != lower_case.size())
    return false;
  for (std::size_t i = 0; i < text.size(); ++i)
    if ((text[i] >= 'A' && text[i] <= 'Z' ? text[i] + ('a' - 'A') : text[i]) != lower_case[i])
      return false;
  return true;
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

} // namespace

void answer_parser::reset() {
  held_.clear();
  head_ = length_ = 0;
  length_known_ = closes_ = ended_ = false;
  status_ = 0;
  body_ = {};
}

answer_parser::progress answer_parser::give_up(std::string why) {
  why_ = std::move(why);
  ended_ = true;
  return progress::broken;
}

answer_parser::progress answer_parser::feed(std::string_view piece) {
  if (ended_)
    reset();
  std::string_view text = piece;
  if (!held_.empty()) {
    held_.append(piece);
    text = held_;
  }
  if (head_ == 0) {
    const auto end = text.find("\r\n\r\n");
    if (end == std::string_view::npos && text.size() > head_bytes_at_most)
      return give_up("an answer's head is longer than this load reads");
    if (end != std::string_view::npos) {
      if (read_head(text.substr(0, end + 2)) == progress::broken)
        return progress::broken;
      head_ = end + 4;
    }
  }
  if (head_ == 0 || text.size() < head_ + length_) {
    if (held_.empty())
      held_ = piece;
    return progress::needs_more;
  }
  if (text.size() > head_ + length_)
    return give_up("bytes came after the answer that nobody had asked for");
  body_ = text.substr(head_);
  ended_ = true;
  return progress::complete;
}

/// `head` ends with the line break of its last line.
answer_parser::progress answer_parser::read_head(std::string_view head) {
  constexpr std::string_view version = "HTTP/1.";
  constexpr std::size_t status_at = 9, status_digits = 3;
  if (!head.starts_with(version) || head.size() < status_at + status_digits)
    return give_up("no HTTP/1 answer: " + std::string{head.substr(0, 40)});
  const auto digits = head.substr(status_at, status_digits);
  if (const auto [end, wrong] = std::from_chars(digits.data(), digits.data() + digits.size(), status_);
      wrong != std::errc{} || end != digits.data() + digits.size())
    return give_up("no status: " + std::string{head.substr(0, 40)});
  closes_ = head[version.size()] == '0';

  for (auto rest = head.substr(head.find("\r\n") + 2); !rest.empty();) {
    const auto end = rest.find("\r\n");
    if (!read_field(rest.substr(0, end)))
      return progress::broken;
    rest.remove_prefix(end + 2);
  }
  const bool without_body = status_ == 204 || status_ == 304;
  if (status_ < 200)
    return give_up("an interim answer, which nobody had asked for");
  if (without_body)
    length_ = 0;
  else if (!length_known_)
    return give_up("an answer without Content-Length, whose end this load cannot tell");
  return progress::complete;
}

bool answer_parser::read_field(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos)
    return give_up("a header line without a colon"), false;
  const auto name = line.substr(0, colon);
  if (same_word(name, "content-length")) {
    const auto value = trimmed(line.substr(colon + 1));
    const auto [end, wrong] = std::from_chars(value.data(), value.data() + value.size(), length_);
    if (value.empty() || wrong != std::errc{} || end != value.data() + value.size() || length_ > body_bytes_at_most)
      return give_up("a Content-Length that cannot be read: " + std::string{value}), false;
    length_known_ = true;
  } else if (same_word(name, "transfer-encoding")) {
    return give_up("an answer with Transfer-Encoding, which this load does not read"), false;
  } else if (same_word(name, "connection")) {
    closes_ = same_word(trimmed(line.substr(colon + 1)), "close");
  }
  return true;
}

} // namespace cued::bench
