#include "config/message_authority.hpp"
#include "config/settings.hpp"
#include "http/routes/public_handlers.hpp"

/// GET /v1/info (spec/http.md §9): what an integrator must know before he has an account. Exactly four members; never a
/// secret, a URL or an entry of an allow-list.
namespace cued::http {

using boost::asio::awaitable;

awaitable<result<response>> show_info(services& with, request&) {
  const auto& settings = with.settings;
  json::writer w;
  w.begin_object();
  w.key("version").string(with.version);
  w.key("authorization_backend").string(config::class_name(config::chosen_authority(settings).who));
  w.key("authentication_paths").begin_object();
  w.key("per_user_api_key").boolean(true);
  w.key("internal_token_with_on_behalf_of")
      .boolean(settings.external_auth_backend && !settings.internal_auth_token.empty());
  w.end_object();
  w.key("disabled_primitives").begin_array();
  if (settings.disable_cue_primitive)
    w.string("cues");
  if (settings.disable_quota_enforcement)
    w.string("quotas");
  if (settings.disable_device_code)
    w.string("device_code");
  w.end_array();
  w.end_object();
  co_return json_response(std::move(w).str());
}

} // namespace cued::http
