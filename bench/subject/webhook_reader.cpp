#include "bench/subject/webhook_reader.hpp"

#include <algorithm>
#include <charconv>

namespace cued::bench {
namespace {

constexpr std::string_view line_end = "\r\n";
constexpr std::string_view head_end = "\r\n\r\n";

bool is_called(std::string_view name, std::string_view lower_case) {
  return std::equal(name.begin(), name.end(), lower_case.begin(), lower_case.end(), [](char given, char lower) {
    return (given >= 'A' && given <= 'Z' ? static_cast<char>(given + ('a' - 'A')) : given) == lower;
  });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

} // namespace

void webhook_reader::feed(std::string_view piece) {
  if (taken_ == held_.size()) { // the usual case: each request comes when the one before it is done with
    held_.clear();
    taken_ = searched_ = 0;
  }
  held_.append(piece);
}

webhook_reader::progress webhook_reader::next(request& out) {
  if (!why_.empty())
    return progress::broken;
  const auto end = held_.find(head_end, std::max(searched_, taken_));
  if (end == std::string::npos) {
    if (held_.size() - taken_ > head_limit_bytes)
      return give_up("a head without end");
    searched_ = std::max(taken_, held_.size() - std::min(held_.size(), head_end.size() - 1));
    return progress::needs_more;
  }
  searched_ = end;
  out = {};
  std::size_t length = 0;
  const auto head = std::string_view{held_}.substr(taken_, end + line_end.size() - taken_);
  if (!read_head(head, out, length))
    return progress::broken;
  const auto body = end + head_end.size();
  if (held_.size() - body < length)
    return progress::needs_more;
  out.body = std::string_view{held_}.substr(body, length);
  taken_ = searched_ = body + length;
  return progress::complete;
}

bool webhook_reader::read_head(std::string_view head, request& out, std::size_t& length) {
  const auto first = head.substr(0, head.find(line_end));
  if (!first.ends_with(" HTTP/1.1")) {
    give_up("not a request of HTTP/1.1: " + std::string{first});
    return false;
  }
  bool has_length = first.starts_with("GET ");
  for (auto rest = head.substr(first.size() + line_end.size()); !rest.empty();) {
    const auto line = rest.substr(0, rest.find(line_end));
    rest.remove_prefix(line.size() + line_end.size());
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) {
      give_up("a line without a name: " + std::string{line});
      return false;
    }
    const auto name = line.substr(0, colon);
    const auto value = trimmed(line.substr(colon + 1));
    if (is_called(name, "content-length")) {
      const auto read = std::from_chars(value.data(), value.data() + value.size(), length);
      has_length = read.ec == std::errc{} && read.ptr == value.data() + value.size() && length <= body_limit_bytes;
    } else if (is_called(name, "transfer-encoding")) {
      give_up("a body without a length");
      return false;
    } else if (is_called(name, "connection")) {
      out.closes = is_called(value, "close");
    } else if (is_called(name, "x-cueapi-execution-id")) {
      out.execution_id = value;
    } else if (is_called(name, "x-cueapi-attempt")) {
      out.attempt = value;
    } else if (is_called(name, "x-cueapi-cue-id")) {
      out.cue_id = value;
    } else if (is_called(name, "x-cueapi-timestamp")) {
      out.timestamp = value;
    } else if (is_called(name, "x-cueapi-signature")) {
      out.signature = value;
    }
  }
  if (!has_length)
    give_up("no usable Content-Length");
  return has_length;
}

webhook_reader::progress webhook_reader::give_up(std::string why) {
  why_ = std::move(why);
  return progress::broken;
}

} // namespace cued::bench
