#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cued::bench {

/// Puts one HTTP/1.1 answer together from the pieces in which it arrives (RFC 9112). Knows what a keep-alive load
/// needs: status, Content-Length, `Connection: close`. What it cannot delimit (chunked, a body up to the end of the
/// connection, bytes after the answer) is `broken` with a reason and never guessed at. An answer that comes in one
/// piece is parsed where it lies, without a copy.
class answer_parser {
public:
  enum class progress { needs_more, complete, broken };

  /// Takes the next piece. After `complete` or `broken` the next call begins a new answer.
  progress feed(std::string_view piece);

  /// Of the complete answer; valid until the next feed(), and `body` only as long as the piece is.
  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] std::string_view body() const { return body_; }
  [[nodiscard]] bool closes() const { return closes_; }         ///< the server will close the connection
  [[nodiscard]] const std::string& why() const { return why_; } ///< `broken`: in words

  void reset();

private:
  progress read_head(std::string_view head);
  bool read_field(std::string_view line);
  progress give_up(std::string why);

  std::string held_;     ///< pieces so far, unless all came in one
  std::size_t head_ = 0; ///< bytes of the head with its empty line; 0: not seen its end yet
  std::size_t length_ = 0;
  bool length_known_ = false, ended_ = true;
  int status_ = 0;
  bool closes_ = false;
  std::string_view body_;
  std::string why_;
};

} // namespace cued::bench
