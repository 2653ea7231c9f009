#include "actors/notify/mail_notifier.hpp"

#include <algorithm>

#include <prometheus/counter.h>
#include <prometheus/registry.h>
#include <spdlog/spdlog.h>

#include "actors/notify/letter_text.hpp"
#include "domain/json/value.hpp"

namespace cued::actors {
namespace {

constexpr std::size_t reason_bytes_at_most = 300;

/// Not in the middle of a character: it is stored as text.
std::string cut(std::string text) {
  const auto continues = [&](std::size_t at) { return (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U; };
  auto length = std::min(text.size(), reason_bytes_at_most);
  while (length > 0 && length < text.size() && continues(length))
    --length;
  text.resize(length);
  return text;
}

/// The service explains in its answer's body why it refuses a letter.
std::string why_not_sent(const webhook_response& answer) {
  if (answer.what == webhook_response::failure::timed_out)
    return "The mail service did not answer in time";
  if (!answer.status)
    return cut("The mail service was not reached: " + answer.detail);
  return cut("The mail service answered " + std::to_string(*answer.status) + ": " + answer.body);
}

letter_result result_of(const webhook_response& answer) {
  letter_result out;
  out.status = answer.status;
  out.sent = answer.status && *answer.status >= 200 && *answer.status < 300;
  if (!out.sent)
    out.why = why_not_sent(answer);
  return out;
}

std::string without_final_slashes(std::string url) {
  while (url.ends_with('/'))
    url.pop_back();
  return url;
}

} // namespace

mail_notifier::mail_notifier(mail_settings settings, webhook_sender& sender, prometheus::Registry& metrics)
    : settings_{std::move(settings)}, sender_{sender},
      mails_{prometheus::BuildCounter()
                 .Name("cued_mails_total")
                 .Help("Letters given to the mail service by how they ended")
                 .Register(metrics)} {
  settings_.api_url = without_final_slashes(std::move(settings_.api_url));
}

void mail_notifier::magic_link(const std::string& email, const std::string& link) {
  if (settings_.magic_links_to_log)
    return spdlog::info("magic link for {}: {}", email, link);
  post(email, magic_link_letter(link), {});
}

void mail_notifier::api_key_regenerated(const std::string& email, instant when) {
  post(email, key_regenerated_letter(when), {});
}

void mail_notifier::webhook_secret_rotated(const std::string& email, instant when) {
  post(email, webhook_secret_rotated_letter(when), {});
}

void mail_notifier::execution_failed(const std::string& email, const failed_execution& what, letter_done done) {
  post(email, execution_failed_letter(what), std::move(done));
}

void mail_notifier::worker_offline(const std::string& email, const offline_worker& who, letter_done done) {
  post(email, worker_offline_letter(who), std::move(done));
}

void mail_notifier::post(const std::string& email, const letter_text& letter, letter_done done) {
  sender_.send(request_for(email, letter),
               [this, email, kind = letter.kind, done = std::move(done)](const webhook_response& answer) {
                 const auto ended = result_of(answer);
                 note(email, kind, ended);
                 if (done)
                   done(ended);
               });
}

webhook_request mail_notifier::request_for(const std::string& email, const letter_text& letter) const {
  json::writer body;
  body.begin_object();
  body.key("from").string(settings_.from);
  body.key("to").begin_array().string(email).end_array();
  body.key("subject").string(letter.subject);
  body.key("html").string(letter.html);
  body.end_object();

  webhook_request out;
  out.method = "POST";
  out.url = settings_.api_url + "/emails";
  out.headers = {{"Authorization", "Bearer " + settings_.api_key},
                 {"Content-Type", "application/json"},
                 {"User-Agent", "CueAPI/1.0"}};
  out.body = std::move(body).str();
  out.deadline = settings_.deadline;
  return out;
}

void mail_notifier::note(const std::string& email, const char* letter, const letter_result& ended) {
  mails_.Add({{"letter", letter}, {"result", ended.sent ? "sent" : "failed"}}).Increment();
  if (!ended.sent)
    spdlog::error("letter {} to {} was not sent: {}", letter, email, ended.why);
}

} // namespace cued::actors
