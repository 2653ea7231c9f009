#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cued::bench {

/// Takes webhooks apart as they arrive on one connection, in whatever pieces (RFC 9112). Knows what cued sends: a head
/// and a body of Content-Length bytes, one request after the other. What it cannot delimit (chunked, no length, a head
/// without end) is `broken` and never guessed at. Source of the headers: spec/delivery.md §5.3.
class webhook_reader {
public:
  static constexpr std::size_t head_limit_bytes = 64 * 1024;
  static constexpr std::size_t body_limit_bytes = 4 * 1024 * 1024;

  /// One request; its texts are valid until the next call of the reader.
  struct request {
    std::string_view execution_id, attempt, cue_id, timestamp, signature, body;
    bool closes = false; ///< the sender will not use the connection again
  };
  enum class progress { needs_more, complete, broken };

  void feed(std::string_view piece);
  /// The next request among what was fed. To be called until it needs more.
  [[nodiscard]] progress next(request& out);

  /// Nothing of a request has come yet: the next byte is the first one.
  [[nodiscard]] bool idle() const { return taken_ == held_.size(); }
  [[nodiscard]] const std::string& why() const { return why_; } ///< `broken`: in words

private:
  bool read_head(std::string_view head, request& out, std::size_t& length);
  progress give_up(std::string why);

  std::string held_;
  std::size_t taken_ = 0;    ///< bytes of `held_` that belong to requests already handed out
  std::size_t searched_ = 0; ///< bytes of `held_` that do not begin the end of a head
  std::string why_;
};

} // namespace cued::bench
