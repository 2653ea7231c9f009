#pragma once

#include <string>

#include "actors/notify/notifier.hpp"

/// What letters say. Subjects are those of the reference, which people filter by; whatever a user chose is escaped in
/// the HTML, and control characters of it do not get into a subject. Pure, any thread. Source: spec/auth.md §7.
namespace cued::actors {

struct letter_text {
  const char* kind; ///< of metrics and log: magic_link, key_regenerated, webhook_secret_rotated, ...
  std::string subject;
  std::string html;
};

[[nodiscard]] letter_text magic_link_letter(const std::string& link);
[[nodiscard]] letter_text key_regenerated_letter(instant when);
[[nodiscard]] letter_text webhook_secret_rotated_letter(instant when);
[[nodiscard]] letter_text execution_failed_letter(const failed_execution& what);
[[nodiscard]] letter_text worker_offline_letter(const offline_worker& who);

} // namespace cued::actors
