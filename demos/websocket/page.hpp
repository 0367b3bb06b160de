// SPDX-License-Identifier: BSL-1.0
// The page that the server sends: a client of /chat, whose button "echo" asks /echo.
#pragma once

inline constexpr char page[] = R"html(<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>heddle: a chat room</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
  h1 { font-size: 1.3rem; }
  #log { border: 1px solid #ccc; border-radius: 6px; min-height: 14rem; padding: .6rem 1rem; list-style: none; margin: 0 0 1rem; }
  #log .note { color: #777; }
  form { display: flex; gap: .5rem; }
  input { flex: 1; min-width: 0; font: inherit; padding: .4rem .6rem; border: 1px solid #ccc; border-radius: 6px; }
  button { font: inherit; padding: .4rem 1rem; border: 0; border-radius: 6px; background: #2b5cb8; color: #fff; }
  button.second { background: #777; }
  button:disabled { opacity: .4; }
</style>
<h1>A chat room</h1>
<ul id="log" aria-live="polite"></ul>
<form>
  <input id="text" placeholder="say something" autocomplete="off" maxlength="1000" autofocus aria-label="message">
  <button id="say" disabled>say</button>
  <button id="echo" type="button" class="second">echo</button>
</form>
<script>
  const at = id => document.getElementById(id);
  const there = path => new WebSocket(location.href.replace(/^http/, "ws").replace(/[^/]*$/, path));
  function show(text, note) {
    const line = document.createElement("li");
    line.textContent = text;
    if (note) line.className = "note";
    at("log").append(line);
  }
  const room = there("chat");
  room.onopen = () => { at("say").disabled = false; show("You are in the room.", true); };
  room.onmessage = event => show(event.data);
  room.onclose = () => { at("say").disabled = true; show("The room is closed.", true); };
  document.forms[0].onsubmit = event => {
    event.preventDefault();
    room.send(at("text").value);
    at("text").value = "";
  };
  at("echo").onclick = () => {
    const echo = there("echo");
    echo.onopen = () => echo.send(at("text").value);
    echo.onmessage = event => { show("echo: " + event.data, true); echo.close(); };
  };
</script>
</html>
)html";
