#include "http/routes/device_html.hpp"

#include "domain/json/value.hpp"
#include "security/html_escaping.hpp"

namespace cued::http {
namespace {

using security::html_escaped;

constexpr std::string_view style = R"css(
body { font-family: system-ui, sans-serif; max-width: 28rem; margin: 4rem auto; padding: 0 1rem; line-height: 1.5; }
code { font-size: 1.25rem; letter-spacing: 0.1em; }
input, button { font: inherit; padding: 0.5rem 0.75rem; }
)css";

/// Runs on device_page: sends the address and shows what came of it. The code is read from the page, not from here.
constexpr std::string_view device_script = R"js(
const form = document.querySelector('form');
form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const told = document.querySelector('#told');
  const answer = await fetch('/v1/auth/device-code/submit-email', {
    method: 'POST',
    headers: {'Content-Type': 'application/json'},
    body: JSON.stringify({device_code: form.dataset.code, email: form.elements.email.value}),
  });
  if (answer.ok) {
    form.hidden = true;
    told.textContent = 'Check your mail and open the link in it.';
  } else {
    const body = await answer.json();
    told.textContent = body.error.message;
  }
});
)js";

/// Runs on verified_page.
constexpr std::string_view verified_script = R"js(
location.replace(document.querySelector('a').href);
)js";

/// Runs on dashboard_page. What comes from elsewhere is put in as text, never as markup.
constexpr std::string_view dashboard_script = R"js(
const told = document.querySelector('#told');
const handed = new URLSearchParams(location.hash.slice(1)).get('auth');
history.replaceState(null, '', location.pathname);
const ask = async (path, options) => {
  const answer = await fetch(path, options);
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.error.message);
  return body;
};
const show = async () => {
  if (!handed) throw new Error('Log in from your terminal; this page opens by itself.');
  const {session_token: session} = await ask('/v1/auth/session', {
    method: 'POST',
    headers: {'Content-Type': 'application/json'},
    body: JSON.stringify({token: JSON.parse(handed).sessionToken}),
  });
  const account = await ask('/v1/auth/me', {headers: {Authorization: 'Bearer ' + session}});
  const lines = [
    ['Account', account.email],
    ['Plan', account.plan],
    ['Active cues', account.active_cues + ' of ' + account.active_cue_limit],
    ['Executions this month', account.executions_this_month + ' of ' + account.monthly_execution_limit],
  ];
  for (const [name, value] of lines) {
    const term = document.createElement('dt');
    const description = document.createElement('dd');
    term.textContent = name;
    description.textContent = value;
    document.querySelector('dl').append(term, description);
  }
  told.textContent = 'You are logged in. You can close this page and go back to your terminal.';
};
show().catch((problem) => { told.textContent = problem.message; });
)js";

std::string page(std::string_view title, std::string_view content) {
  std::string html = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>";
  html += title;
  html += "</title>\n<style>";
  html += style;
  html += "</style>\n</head>\n<body>\n";
  html += content;
  html += "</body>\n</html>\n";
  return html;
}

std::string script(std::string_view nonce, std::string_view text) {
  std::string html = "<script nonce=\"";
  html += nonce;
  html += "\">";
  html += text;
  html += "</script>\n";
  return html;
}

/// `nonce` empty: no script at all.
response html_response(std::string html, int status, std::string_view nonce = {}) {
  response out;
  out.status = status;
  out.body = std::move(html);
  out.content_type = "text/html; charset=utf-8";
  std::string policy = "default-src 'none'; style-src 'unsafe-inline'; connect-src 'self'; form-action 'self'; "
                       "frame-ancestors 'none'; base-uri 'none'";
  if (!nonce.empty())
    policy += "; script-src 'nonce-" + std::string{nonce} + "'";
  out.headers.emplace_back("Content-Security-Policy", std::move(policy));
  out.headers.emplace_back("Cache-Control", "no-store");
  return out;
}

} // namespace

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                            c == '.' || c == '_' || c == '~';
    if (unreserved) {
      out += c;
      continue;
    }
    out += '%';
    out += hex[byte >> 4];
    out += hex[byte & 0xF];
  }
  return out;
}

response device_page(std::string_view code, std::string_view nonce) {
  const auto shown = html_escaped(code);
  std::string content = "<h1>CueAPI Login</h1>\n<p>Your code: <code>" + shown +
                        "</code></p>\n<p>It must be the one that your terminal shows.</p>\n<form data-code=\"" + shown +
                        "\">\n<input name=\"email\" type=\"email\" placeholder=\"you@example.com\" required>\n"
                        "<button>Send magic link</button>\n</form>\n<p id=\"told\" role=\"status\"></p>\n";
  return html_response(page("CueAPI Login", content + script(nonce, device_script)), 200, nonce);
}

response confirm_page(std::string_view code, std::string_view email, bool asks_for_key) {
  const std::string_view key_field =
      asks_for_key
          ? "<p>An account with this address exists, and nobody has shown yet that the address is his. If it is "
            "yours, enter its API key, this once. If it is not, leave this page: somebody else knows its key."
            "</p>\n<p><input name=\"api_key\" type=\"password\" autocomplete=\"off\" required></p>\n"
          : "";
  const std::string content = "<h1>Confirm login</h1>\n<p>Somebody wants to log in as <b>" + html_escaped(email) +
                              "</b> with the code</p>\n<p><code>" + html_escaped(code) +
                              "</code></p>\n<p>Confirm only if your own terminal shows this code: whoever chose it "
                              "gets access to your account.</p>\n<form method=\"post\">\n" +
                              std::string{key_field} + "<button>Confirm</button></form>\n";
  return html_response(page("CueAPI - Confirm", content), 200);
}

response verified_page(std::string_view dashboard_url, std::string_view session_token, std::string_view email,
                       std::string_view nonce) {
  json::writer w;
  w.begin_object().key("sessionToken").string(session_token).key("email").string(email).end_object();
  const auto target = std::string{dashboard_url} + "#auth=" + percent_encoded(w.view());
  const std::string content = "<h1>Verified</h1>\n<p>Your terminal is logged in; you can go back to it.</p>\n<p><a "
                              "href=\"" +
                              html_escaped(target) + "\">Redirecting to dashboard</a></p>\n";
  return html_response(page("CueAPI - Verified", content + script(nonce, verified_script)), 200, nonce);
}

response dashboard_page(std::string_view nonce) {
  const std::string content = "<h1>CueAPI</h1>\n<p id=\"told\" role=\"status\">One moment</p>\n<dl></dl>\n";
  return html_response(page("CueAPI", content + script(nonce, dashboard_script)), 200, nonce);
}

response refused_page(int status, std::string_view reason) {
  const std::string content = "<h1>This link does not work</h1>\n<p>" + html_escaped(reason) + "</p>\n";
  return html_response(page("CueAPI - Login failed", content), status);
}

} // namespace cued::http
