#pragma once

#include <chrono>
#include <string>

#include "actors/deliver/webhook_sender.hpp"
#include "actors/notify/notifier.hpp"

namespace prometheus {
template <typename T>
class Family;
class Counter;
class Registry;
} // namespace prometheus

namespace cued::actors {

struct letter_text;

struct mail_settings {
  std::string api_url; ///< RESEND_API_URL, without a final slash or with it
  std::string api_key;
  std::string from;
  /// ENV=development: a magic link is written to the log instead, where whoever develops finds it.
  bool magic_links_to_log = false;
  std::chrono::milliseconds deadline{10'000}; ///< of one letter, total
};

/// Letters through the HTTP API of a mail service (Resend, or whatever speaks like it): one POST for each letter, in
/// the background; 2xx is sent. Failures are logged, without what the letter said, and counted in
/// `cued_mails_total{letter,result}`. Nothing is tried again here: letters of the courier come back by themselves, and
/// whoever waits for a magic link asks for another.
/// Thread: any; answers come on the sender's. The sender must be closed before this object goes.
/// Source: spec/auth.md §7.
class mail_notifier final : public notifier {
public:
  mail_notifier(mail_settings settings, webhook_sender& sender, prometheus::Registry& metrics);

  [[nodiscard]] bool delivers_magic_links() const override { return true; }
  void magic_link(const std::string& email, const std::string& link) override;
  void api_key_regenerated(const std::string& email, instant when) override;
  void webhook_secret_rotated(const std::string& email, instant when) override;
  void execution_failed(const std::string& email, const failed_execution& what, letter_done done) override;
  void worker_offline(const std::string& email, const offline_worker& who, letter_done done) override;

private:
  void post(const std::string& email, const letter_text& letter, letter_done done);
  [[nodiscard]] webhook_request request_for(const std::string& email, const letter_text& letter) const;
  void note(const std::string& email, const char* letter, const letter_result& ended);

  mail_settings settings_;
  webhook_sender& sender_;
  prometheus::Family<prometheus::Counter>& mails_;
};

} // namespace cued::actors
