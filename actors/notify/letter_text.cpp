#include "actors/notify/letter_text.hpp"

#include <algorithm>
#include <string_view>

#include "security/html_escaping.hpp"

namespace cued::actors {
namespace {

using security::html_escaped;

std::string one_line(std::string text) {
  std::ranges::replace_if(
      text, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return text;
}

std::string paragraph(const std::string& html) { return "<p>" + html + "</p>\n"; }

std::string code(std::string_view text) { return "<code>" + html_escaped(text) + "</code>"; }

std::string counted(int number, const std::string& noun) {
  return std::to_string(number) + " " + noun + (number == 1 ? "" : "s");
}

} // namespace

letter_text magic_link_letter(const std::string& link) {
  return {"magic_link", "Sign in to CueAPI",
          paragraph("<a href=\"" + html_escaped(link) + "\">Sign in</a>") +
              paragraph("The link is good for fifteen minutes and for one login. Follow it only if you have just "
                        "started a login yourself.") +
              paragraph("If you have not, ignore this letter: nothing happens.")};
}

letter_text key_regenerated_letter(instant when) {
  return {"key_regenerated", "[CueAPI] API key regenerated",
          paragraph("The API key of your account was regenerated at " + letter_time(when) +
                    ". The old key does not work any more.") +
              paragraph("If this was not you, somebody has had your key: regenerate it at once.")};
}

letter_text webhook_secret_rotated_letter(instant when) {
  return {"webhook_secret_rotated", "[CueAPI] Webhook secret rotated",
          paragraph("The webhook secret of your account was replaced at " + letter_time(when) +
                    ". Receivers need the new one.") +
              paragraph("If this was not you, somebody has your API key: regenerate it at once.")};
}

letter_text execution_failed_letter(const failed_execution& what) {
  return {"execution_failed", one_line("[CueAPI] Execution failed: " + what.cue_name),
          paragraph("An execution of the cue <b>" + html_escaped(what.cue_name) + "</b> (" + code(what.cue_id) +
                    ") has failed and is not tried again.") +
              paragraph("Execution: " + code(what.execution_id)) +
              paragraph("Error: " + html_escaped(what.error.empty() ? "Unknown error" : what.error))};
}

letter_text worker_offline_letter(const offline_worker& who) {
  return {"worker_offline", one_line("CueAPI: Worker " + who.worker_id + " offline"),
          paragraph("The worker <b>" + html_escaped(who.worker_id) + "</b> has not been heard for " +
                    counted(who.minutes, "minute") + ".") +
              paragraph(counted(who.pending_executions, "execution") + " of your account " +
                        (who.pending_executions == 1 ? "waits" : "wait") + " for a worker.")};
}

} // namespace cued::actors
