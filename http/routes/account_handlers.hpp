#pragma once

#include <boost/asio/awaitable.hpp>

#include "http/server/route.hpp"
#include "http/services.hpp"

/// The handlers behind `/v1/auth/*`, `/auth/device` and `/v1/internal/users/*`, for the one table in accounts.cpp.
/// Source: spec/auth.md.
namespace cued::http {

using account_handler = boost::asio::awaitable<result<response>>(services&, request&);

account_handler register_account; // accounts.cpp
account_handler show_account;     // accounts.cpp
account_handler change_account;   // accounts.cpp

account_handler show_key;       // account_keys.cpp
account_handler regenerate_key; // account_keys.cpp

account_handler list_api_keys;  // api_keys.cpp
account_handler create_api_key; // api_keys.cpp
account_handler rotate_api_key; // api_keys.cpp
account_handler revoke_api_key; // api_keys.cpp
account_handler show_audit_log; // audit_log.cpp

account_handler show_webhook_secret;             // account_secrets.cpp
account_handler regenerate_webhook_secret;       // account_secrets.cpp
account_handler show_alert_webhook_secret;       // account_secrets.cpp
account_handler regenerate_alert_webhook_secret; // account_secrets.cpp

account_handler open_session;    // sessions.cpp
account_handler refresh_session; // sessions.cpp

account_handler start_device_login;  // device_login.cpp
account_handler submit_device_email; // device_login.cpp
account_handler poll_device_code;    // device_login.cpp
account_handler follow_magic_link;   // device_pages.cpp
account_handler confirm_magic_link;  // device_pages.cpp
account_handler show_device_page;    // device_pages.cpp
account_handler show_dashboard;      // device_pages.cpp

account_handler put_internal_user; // internal_users.cpp

/// An answer that holds a secret: no cache on the way may keep it.
[[nodiscard]] response secret_response(std::string json_text, int status = 200);

} // namespace cued::http
