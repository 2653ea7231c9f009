#include "actors/notify/notifier.hpp"

#include <spdlog/spdlog.h>

#include "domain/timestamp.hpp"

namespace cued::actors {

void log_notifier::magic_link(const std::string& email, const std::string& link) {
  if (delivers_magic_links())
    spdlog::info("magic link for {}: {}", email, link);
}

void log_notifier::api_key_regenerated(const std::string& email, instant when) {
  spdlog::info("API key of {} was regenerated at {}; no mail is configured", email, letter_time(when));
}

void log_notifier::webhook_secret_rotated(const std::string& email, instant when) {
  spdlog::info("webhook secret of {} was rotated at {}; no mail is configured", email, letter_time(when));
}

void log_notifier::execution_failed(const std::string& email, const failed_execution& what, letter_done done) {
  spdlog::error("execution {} of cue {} ({}) of {} failed: {}; no mail is configured", what.execution_id, what.cue_name,
                what.cue_id, email, what.error);
  done({true, std::nullopt, {}});
}

void log_notifier::worker_offline(const std::string& email, const offline_worker& who, letter_done done) {
  spdlog::warn("worker {} of {} has not been heard for {} minutes, {} executions wait; no mail is configured",
               who.worker_id, email, who.minutes, who.pending_executions);
  done({true, std::nullopt, {}});
}

std::string letter_time(instant when) {
  std::string text = format_z(std::chrono::floor<std::chrono::seconds>(when)); // 2026-11-24T13:00:05Z
  text[text.find('T')] = ' ';
  text.replace(text.size() - 1, 1, " UTC");
  return text;
}

} // namespace cued::actors
