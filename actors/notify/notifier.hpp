#pragma once

#include <functional>
#include <optional>
#include <string>

#include "domain/instant.hpp"

/// Letters to the owner of an account. Source: spec/auth.md §7.
namespace cued::actors {

/// An execution that failed for good, as its letter tells it.
struct failed_execution {
  std::string cue_name, cue_id, execution_id;
  std::string error; ///< may be empty
};

/// A worker that is not heard any more, as its letter tells it.
struct offline_worker {
  std::string worker_id;
  int minutes = 0;            ///< since it was last heard
  int pending_executions = 0; ///< of the owner, waiting for any worker
};

/// What became of a letter.
struct letter_result {
  bool sent = false;
  std::optional<int> status; ///< of the mail service's answer
  std::string why;           ///< if it was not sent
};
/// Called exactly once, on any thread, perhaps before the call that it was given to returns. Must not block.
using letter_done = std::function<void(const letter_result&)>;

/// Who asks hands over and goes on: implementations send in the background, with a time-out, and log what fails. A
/// letter never fails the request that caused it. Letters that lie in the database until they are sent are tried again
/// by whoever reads them from there (the courier), so these two tell how they ended. Any thread.
class notifier {
public:
  virtual ~notifier() = default;

  /// Whether a magic link would reach anybody. If not, a login by e-mail is refused before it begins.
  [[nodiscard]] virtual bool delivers_magic_links() const = 0;

  virtual void magic_link(const std::string& email, const std::string& link) = 0;
  virtual void api_key_regenerated(const std::string& email, instant when) = 0;
  virtual void webhook_secret_rotated(const std::string& email, instant when) = 0;
  virtual void execution_failed(const std::string& email, const failed_execution& what, letter_done done) = 0;
  virtual void worker_offline(const std::string& email, const offline_worker& who, letter_done done) = 0;
};

/// Letters that end as log lines, which counts as sent: for servers without a mail account. A magic link is a key to
/// the account it names, so it is written out only where the operator is the only reader, in development.
class log_notifier final : public notifier {
public:
  enum class magic_links { written_out, withheld };

  explicit log_notifier(magic_links links) : links_{links} {}

  [[nodiscard]] bool delivers_magic_links() const override { return links_ == magic_links::written_out; }
  void magic_link(const std::string& email, const std::string& link) override;
  void api_key_regenerated(const std::string& email, instant when) override;
  void webhook_secret_rotated(const std::string& email, instant when) override;
  void execution_failed(const std::string& email, const failed_execution& what, letter_done done) override;
  void worker_offline(const std::string& email, const offline_worker& who, letter_done done) override;

private:
  magic_links links_;
};

/// How letters tell a time: `2026-11-24 13:00:05 UTC`.
[[nodiscard]] std::string letter_time(instant when);

} // namespace cued::actors
